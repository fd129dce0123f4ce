"""Suggested corrections as LDIF that `ldapmodify` accepts (RFC 2849).

Each value is deleted to the letter and the suggestion added, all of an entry in one change: where somebody has changed
the entry meanwhile, the directory refuses the change and nothing is overwritten.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from django.db.models import F, QuerySet

from accounts.directory import report
from accounts.directory.entries import LONGEST_DN, printable
from accounts.models import SyncProblem

HEAD = """\
version: 1
# Corrections of values in the directory that the portal cannot use. Read them, then apply them with
#   ldapmodify -c -H ldaps://directory... -D ... -W -f THIS_FILE
# An entry that was changed since the portal read it is refused and stays as it is; -c goes on with the next.
"""


class Correction(NamedTuple):
    """One unusable value; `present` is the number that the person's entry has in usable form, None or empty where there
    is none."""

    dn: str
    username: str
    attribute: str
    value: str
    exact: str
    suggestion: str
    reason: str
    present: str | None


def lines(problems: QuerySet[SyncProblem]) -> Iterator[str]:
    """The file for these problems, in lines with their ends."""
    yield HEAD
    columns = (*Correction._fields[:-1], F("user__directory_phone"))
    rows = problems.order_by("dn", "pk").values_list(*columns).iterator(chunk_size=1000)
    for dn, found in groupby(map(Correction._make, rows), key=lambda one: one.dn):
        yield from _entry(dn, list(found))


def _entry(dn: str, found: list[Correction]) -> Iterator[str]:
    right = [one for one in found if _is_certain(one)]
    yield "\n"
    for one in found:
        if one not in right:
            yield _remark(one)
    if not right:
        return
    yield f"{_line('dn', dn)}changetype: modify\n"
    added: set[tuple[str, str]] = set()
    for one in right:
        yield f"delete: {one.attribute}\n{_line(one.attribute, one.exact)}-\n"
        new = (one.attribute.lower(), one.suggestion)
        # An attribute has no value twice, and the number that counts need not be added again.
        if new not in added and one.suggestion != one.present:
            added.add(new)
            yield f"add: {one.attribute}\n{_line(one.attribute, one.suggestion)}-\n"


def _is_certain(one: Correction) -> bool:
    """Whether there is a suggestion, and entry and value are known to the letter."""
    is_whole = "=" in one.dn and len(one.dn) < LONGEST_DN and "\N{REPLACEMENT CHARACTER}" not in one.dn
    return bool(one.suggestion and one.exact and one.attribute and is_whole)


def _remark(one: Correction) -> str:
    """For a person to correct: in ASCII, on one line."""
    what = printable(f"{one.username or one.dn}: {one.attribute} {one.value!r}", longest=300)
    return f"# By hand: {what.encode('ascii', 'backslashreplace').decode()}: {report.words(one.reason)}\n"


def _line(name: str, value: str) -> str:
    """In base64 where plain text would be read otherwise."""
    plain = value.isascii() and value.isprintable() and value == value.strip() and not value.startswith((":", "<"))
    if plain:
        return f"{name}: {value}\n"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}\n"
