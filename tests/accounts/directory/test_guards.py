"""What stops a run before any change."""

from __future__ import annotations

import pytest

from accounts.directory.guards import SETTINGS, Guard, Limits, check
from accounts.directory.tally import Tally

LIMITS = {guard: Limits(5, 10, name) for guard, name in SETTINGS.items()}
FINE = Tally(entries=1000, usable=1000, people=1000, numbers=1000, addresses=1000)


def test_ordinary_run_goes_on() -> None:
    assert check(FINE._replace(leaving=50, numbers_changed=50, numbers_lost=50, most_alike=50), LIMITS) is None


@pytest.mark.row("T-50")
def test_nobody_at_all_is_never_believed() -> None:
    stop = check(Tally(), LIMITS)
    assert stop is not None
    assert stop.guard == Guard.EMPTY
    assert "Check base, filter and access rights" in stop.words


@pytest.mark.row("T-50")
def test_entries_without_ids_are_never_believed() -> None:
    stop = check(Tally(entries=60), LIMITS)
    assert stop is not None
    assert stop.guard == Guard.NOTHING_USABLE


@pytest.mark.row("T-52")
@pytest.mark.parametrize(("column", "guard"), [
    ("leaving", Guard.PEOPLE_LOST),
    ("numbers_changed", Guard.NUMBERS_CHANGED),
    ("numbers_lost", Guard.NUMBERS_LOST),
    ("addresses_lost", Guard.ADDRESSES_LOST),
    ("most_alike", Guard.SAME_NUMBER),
])  # fmt: skip
def test_more_than_the_limit_stops_the_run_and_says_why(column: str, guard: Guard) -> None:
    stop = check(FINE._replace(**{column: 51}), LIMITS)
    assert stop is not None
    assert stop.guard == guard
    assert "51" in stop.words
    assert f"At most 50 may in one run ({SETTINGS[guard]}=5%, 10)." in stop.words


@pytest.mark.row("T-52")
@pytest.mark.parametrize("guard", SETTINGS)
def test_each_guard_measures_by_its_own_setting(guard: Guard) -> None:
    many = FINE._replace(leaving=50, numbers_changed=50, numbers_lost=50, addresses_lost=50, most_alike=50)
    stop = check(many, LIMITS | {guard: Limits(1, 10, SETTINGS[guard])})
    assert stop is not None
    assert (stop.guard, f"{SETTINGS[guard]}=1%, 10" in stop.words) == (guard, True)


def test_small_portal_may_lose_a_few() -> None:
    small = Tally(entries=12, usable=12, people=20, numbers=20)
    assert check(small._replace(leaving=10), LIMITS) is None
    assert check(small._replace(leaving=11), LIMITS) is not None
