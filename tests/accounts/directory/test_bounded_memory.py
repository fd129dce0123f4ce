"""How much a run of everybody holds of each person, whatever their number: of those unchanged, and of those new."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from accounts.directory import spool
from accounts.directory.drafts import rules_mark
from accounts.directory.entries import Sighting
from accounts.directory.known import Few, Totals
from accounts.directory.planner import Planner
from tests.accounts.directory.samples import RULES, entry, sighted

FEW, MANY, AT_ONCE = 5000, 25000, 1000
FEW_NEW, MANY_NEW = 2000, 6000
MOST_BYTES = 250
"""Of each person: 250 MB of a million. A row of one alone is more than a thousand."""


class Crowd(Few):
    """So many people, none of them in memory."""

    def __init__(self, count: int) -> None:
        super().__init__(())
        self._count = count

    def totals(self) -> Totals:
        return Totals(self._count, self._count, self._count)

    def marks(self) -> Iterator[tuple[int, str, str]]:
        mark = rules_mark(RULES)
        return ((number + 1, f"id{number}", f"{mark}{number:024x}") for number in range(self._count))


def height(count: int) -> int:
    """The most bytes in use while a plan is made of so many, of whom nobody changed."""
    tracemalloc.start()
    try:
        planner = Planner(Crowd(count), rules=RULES)
        for start in range(0, count, AT_ONCE):
            planner.take([Sighting(f"id{n}", f"{n:024x}", entry) for n in range(start, start + AT_ONCE)])
        plan = planner.finish()
        assert (plan.entries, plan.unchanged, plan.is_empty) == (count, count, True)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def height_of_newcomers(count: int) -> int:
    """The most bytes in use while a plan is made of so many whom nobody knows, and gone through to its end."""
    tracemalloc.start()
    try:
        planner = Planner((), rules=RULES)
        for start in range(0, count, AT_ONCE):
            people = (entry(f"{n:08d}-new", f"user{n}", f"0170 {1_000_000 + n}") for n in range(start, start + AT_ONCE))
            planner.take([sighted(one) for one in people])
        plan = planner.finish()
        assert (len(plan.create), sum(1 for _ in plan.create), len(plan.problems)) == (count, count, 0)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.row("F-22")
def test_few_bytes_are_held_of_each_person() -> None:
    assert (height(MANY) - height(FEW)) / (MANY - FEW) < MOST_BYTES


@pytest.mark.row("F-22")
def test_few_bytes_are_held_of_each_person_who_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "IN_MEMORY", 10_000)
    assert (height_of_newcomers(MANY_NEW) - height_of_newcomers(FEW_NEW)) / (MANY_NEW - FEW_NEW) < MOST_BYTES
