"""Sums over the drafts of a run, kept while they come: what guards judge, and what names a plan. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import cache
from hashlib import blake2b
from operator import itemgetter
from typing import NamedTuple

from accounts.directory.drafts import Draft
from accounts.directory.entries import steady
from accounts.people import NOBODY, Change, Person

_AT = {name: at for at, name in enumerate(Person._fields)}
_NUMBER = _AT["directory_phone"]


class Tally(NamedTuple):
    """What guards judge. `people` and `numbers` are how many the portal had before: active people of the directory, and
    those of them with a number. The lost ones are counted when they go, not again at each later run."""

    entries: int = 0
    usable: int = 0
    people: int = 0
    numbers: int = 0
    leaving: int = 0
    numbers_changed: int = 0
    numbers_lost: int = 0
    addresses: int = 0
    addresses_lost: int = 0
    most_alike: int = 0


@dataclass
class Sums:
    """Of drafts that count; one that turns out not to is taken out again with `sign` -1."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    leaving: int = 0
    numbers_changed: int = 0
    numbers_lost: int = 0
    addresses_lost: int = 0
    problems: int = 0
    digest: int = 0

    def add(self, draft: Draft, sign: int = 1) -> None:
        change = draft.change
        self.problems += sign * len(draft.problems)
        if draft.old is not NOBODY:
            self._compare(draft, sign)
            self.changed += sign * (change is not None)
            self.unchanged += sign * (change is None)
        elif change:
            self.created += sign
        if change:
            self.digest += sign * digest_of(change)

    def join(self, others: Sums) -> None:
        """Take in the sums of other drafts."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(others, field.name))

    def _compare(self, draft: Draft, sign: int) -> None:
        old, new = draft.old, draft.new
        self.leaving += sign * (old.is_active and not new.is_active)
        self.numbers_changed += sign * bool(old.phone and draft.given)
        self.numbers_lost += sign * bool(old.directory_phone and not new.directory_phone)
        self.addresses_lost += sign * bool(old.email and not new.email)


def digest_of(change: Change) -> int:
    """What one change adds to the digest of a plan, 64 bytes wide: sums of short digests are easily made alike. The end
    of a rest is left out, since it moves with the clock. The directory's number counts though nobody sees it change: a
    guard stops plans for it."""
    old, new, names = change.old, change.new, change.visible
    if old[_NUMBER] != new[_NUMBER]:
        names = (*names, "directory_phone")
    if not names:
        return 0
    values = _values_of(names)
    return int.from_bytes(blake2b(steady((new.directory_id, names, values(old), values(new)))).digest())


@cache
def _values_of(names: tuple[str, ...]) -> Callable[[Person], object]:
    return itemgetter(*[_AT[name] for name in names])


def total(changes: Iterable[Change]) -> int:
    return sum(map(digest_of, changes))
