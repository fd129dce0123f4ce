"""LDIF text of people: single entries as a test wants them, and any number of plain ones for the benches."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping

from tests.services.servers.slapd_config import PEOPLE

Values = str | bytes | Iterable[str | bytes]


def person(uid: str, attributes: Mapping[str, Values], *, base: str = PEOPLE) -> str:
    """One inetOrgPerson as LDIF; `attributes` by name, one value or several; cn, sn default to the uid."""
    merged: dict[str, Values] = {"objectClass": "inetOrgPerson", "uid": uid, "cn": uid, "sn": uid, **attributes}
    return entry(f"uid={uid},{base}", merged)


def entry(dn: str, attributes: Mapping[str, Values]) -> str:
    """One entry as LDIF, each value base64 when it is not plain text, followed by an empty line."""
    lines = [_line("dn", dn)]
    for name, values in attributes.items():
        several = [values] if isinstance(values, str | bytes) else values
        lines.extend(_line(name, value) for value in several)
    return "\n".join(lines) + "\n\n"


def many_people(count: int, *, first: int = 0) -> Iterator[str]:
    """`count` people u0000000, u0000001, ...: LDIF with mail, a valid British mobile and a landline each."""
    for number in range(first, first + count):
        uid = f"u{number:07d}"
        yield (
            f"dn: uid={uid},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: Person {number}\nsn: {number}\n"
            f"mail: {uid}@example.test\nmobile: +44 7400 {number % 1_000_000:06d}\n"
            f"telephoneNumber: +44 20 7946 {number % 10_000:04d}\n\n"
        )


def _line(name: str, value: str | bytes) -> str:
    raw = value.encode() if isinstance(value, str) else value
    plain = raw.isascii() and raw.decode("latin-1").isprintable() and raw == raw.strip() and raw[:1] not in (b":", b"<")
    return f"{name}: {raw.decode()}" if plain else f"{name}:: {base64.b64encode(raw).decode()}"
