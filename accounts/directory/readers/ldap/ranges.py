"""Attributes of more values than Active Directory puts into one answer: `member;range=0-1499` (MS-ADTS
3.1.1.3.1.3.3)."""

from __future__ import annotations

import re

import ldap

from accounts.directory.readers import PartialResult
from accounts.directory.readers.ldap.link import Link
from accounts.directory.readers.records import Raw

_RANGE = re.compile(r"([^;]+);range=(\d+)-(\d+|\*)", re.IGNORECASE)
MOST_PARTS = 100_000


def whole_attribute(link: Link, dn: str, name: str) -> list[bytes]:
    """Every value of one attribute of one entry, whichever way the server cuts it up; [] where it has none.

    Raises ldap.LDAPError, and PartialResult when the parts do not join up.
    """
    return rest_of(link, dn, name, _ask(link, dn, name))


def rest_of(link: Link, dn: str, name: str, raw: Raw) -> list[bytes]:
    """The same, where `raw` is an entry that was read already: only what is missing there is asked for."""
    values, following = _part(raw, name, expected=0)
    for _ in range(MOST_PARTS):
        if following is None:
            return values
        more, after = _part(_ask(link, dn, f"{name};range={following}-*"), name, expected=following)
        if not more:
            break
        values.extend(more)
        following = after
    raise PartialResult(f"The directory did not give every value of {name} of an entry.")


def _ask(link: Link, dn: str, attribute: str) -> Raw:
    found = link.search_ext_s(dn, ldap.SCOPE_BASE, "(objectClass=*)", [attribute])
    return next((raw for named, raw in found if named is not None), {})


def _part(raw: Raw, name: str, *, expected: int) -> tuple[list[bytes], int | None]:
    """The values of this part and the position at which the next begins; None after the last."""
    plain: list[bytes] = []
    for attribute, values in raw.items():
        part = _RANGE.fullmatch(attribute)
        if part and part[1].lower() == name.lower():
            if int(part[2]) != expected:
                raise PartialResult(f"The directory answered with another part of {name} than it was asked for.")
            return list(values), None if part[3] == "*" else int(part[3]) + 1
        if attribute.lower() == name.lower():
            plain = list(values)
    return plain, None
