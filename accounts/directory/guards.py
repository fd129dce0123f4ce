"""When a run must not write: an answer that looks like a fault of the directory or its rights. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from accounts.directory.tally import Tally


class Guard(StrEnum):
    EMPTY = "empty"
    NOTHING_USABLE = "nothing_usable"
    PEOPLE_LOST = "people_lost"
    NUMBERS_CHANGED = "numbers_changed"
    NUMBERS_LOST = "numbers_lost"
    ADDRESSES_LOST = "addresses_lost"
    SAME_NUMBER = "same_number"
    OTHER_PLAN = "other_plan"


SETTINGS = {
    Guard.PEOPLE_LOST: "SYNC_MAX_PEOPLE_LOST",
    Guard.NUMBERS_LOST: "SYNC_MAX_NUMBERS_LOST",
    Guard.NUMBERS_CHANGED: "SYNC_MAX_NUMBERS_CHANGED",
    Guard.ADDRESSES_LOST: "SYNC_MAX_ADDRESSES_LOST",
    Guard.SAME_NUMBER: "SYNC_MAX_SAME_NUMBER",
}
"""By which setting each guard measures."""

NEVER_OVERRULED = frozenset({Guard.EMPTY, Guard.NOTHING_USABLE})
"""No directory is ever rightly like this, so nobody can let such a plan through."""


class Stop(NamedTuple):
    """Which guard stopped the run, and why, in plain words."""

    guard: Guard
    words: str


class Limits(NamedTuple):
    """How much one run may change: `percent` of those concerned, but always up to `least`, as `setting` says."""

    percent: int
    least: int
    setting: str

    @property
    def shown(self) -> str:
        return f"{self.setting}={self.percent}%, {self.least}"

    def of(self, everybody: int) -> int:
        return max(self.least, everybody * self.percent // 100)


def check(tally: Tally, limits: Mapping[Guard, Limits]) -> Stop | None:
    """The first guard that objects, or None."""
    if not tally.entries:
        return Stop(Guard.EMPTY, "The directory answered with nobody at all. Check base, filter and access rights.")
    if not tally.usable:
        words = f"None of the {tally.entries} entries has an id and a user name. Check the access rights."
        return Stop(Guard.NOTHING_USABLE, words)
    for guard, count, everybody, words in _measures(tally):
        allowed = limits[guard].of(everybody)
        if count > allowed:
            rule = f"At most {allowed} may in one run ({limits[guard].shown})."
            return Stop(guard, f"{words.format(count=count, all=everybody)} {rule}")
    return None


def _measures(tally: Tally) -> list[tuple[Guard, int, int, str]]:
    return [
        (
            Guard.PEOPLE_LOST, tally.leaving, tally.people,
            "{count} of {all} people would be deactivated because the directory does not show them.",
        ),
        (
            Guard.NUMBERS_LOST, tally.numbers_lost, tally.numbers,
            "The usable number of {count} people has gone from the directory ({all} have one here).",
        ),
        (
            Guard.NUMBERS_CHANGED, tally.numbers_changed, tally.numbers,
            "{count} of {all} phone numbers would change.",
        ),
        (
            Guard.ADDRESSES_LOST, tally.addresses_lost, tally.addresses,
            "{count} of {all} e-mail addresses would be removed.",
        ),
        (
            Guard.SAME_NUMBER, tally.most_alike, tally.usable,
            "{count} of {all} people would get one and the same phone number.",
        ),
    ]  # fmt: skip
