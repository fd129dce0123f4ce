"""What a run has to do, see planner. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from accounts.directory.entries import Problem
from accounts.directory.tally import Tally, total
from accounts.people import Change, Person


class Unsettled(NamedTuple):
    """Entries whose outcome hangs on other entries."""

    ids: set[str]
    dns: set[str]


class Elsewhere(NamedTuple):
    """The people beside those whom a planner was given: how many they are (as in Tally), how many of them the directory
    is taken to show, and who of them has one of some numbers."""

    people: int
    numbers: int
    addresses: int
    shown: int
    having: Callable[[set[str]], Iterable[Person]]


NOWHERE_ELSE = Elsewhere(0, 0, 0, 0, lambda _: ())


@dataclass
class Plan:
    """Everything a run would write. In `create`, `old` is NOBODY and `new` has pk 0; `changes` may touch
    the sync's own notes only. `entries` is how many were read; `unsettled` are those that a next run must look at
    again though nothing about them may change, by id or, without one, by DN.

    The collections may be larger than memory: each pass over one reads it again. `sum_of_changes` is tally.total of
    all of them, where it is known already.
    """

    create: Collection[Change] = field(default_factory=list)
    changes: Collection[Change] = field(default_factory=list)
    problems: Collection[Problem] = field(default_factory=list)
    unchanged: int = 0
    entries: int = 0
    unsettled: Unsettled = field(default_factory=lambda: Unsettled(set(), set()))
    tally: Tally = field(default_factory=Tally)
    sum_of_changes: int | None = None

    @property
    def is_empty(self) -> bool:
        return not self.create and not self.changes


def digest(plan: Plan) -> str:
    """32 hexadecimal digits that stand for what the plan would do, whatever order it was read in: an admin confirms
    this plan and no other."""
    known = plan.sum_of_changes
    whole = (total(plan.create) + total(plan.changes) if known is None else known) % 2**512
    return blake2b(whole.to_bytes(64), digest_size=16).hexdigest()
