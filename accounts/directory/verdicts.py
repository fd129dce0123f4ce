"""What an undo makes of one change: the person as before, or the reason to leave it, or nothing. No database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from accounts.directory import kept
from accounts.directory.known import AWAY, MARK
from accounts.models import PhoneSource, SyncChange
from accounts.people import VISIBLE, Person

RESTORABLE = tuple(name for name in VISIBLE if name != "directory_dn")


class Left(StrEnum):
    """Why a change is not taken back."""

    CHANGED_SINCE = "changed_since"
    NAME_TAKEN = "name_taken"
    NUMBER_TAKEN = "number_taken"

    @property
    def words(self) -> str:
        return {
            Left.CHANGED_SINCE: "Changed again since the run. Left as it is.",
            Left.NAME_TAKEN: "The former user name belongs to somebody else now. Left as it is.",
            Left.NUMBER_TAKEN: "The former number belongs to somebody else now, and may to one only. Left as it is.",
        }[self]


class Kept(NamedTuple):
    """What a run did to one person, as its row says."""

    pk: int
    user_id: int
    username: str
    kind: str
    touches: str
    old: dict[str, Any]
    new: dict[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that an undo looks at; where a number or its rest changed, all that belongs to a number."""
        return _names(self.touches)

    @property
    def renames(self) -> bool:
        return self.kind != SyncChange.Kind.CREATED and ",username," in self.touches


@lru_cache(maxsize=256)
def _names(touches: str) -> tuple[str, ...]:
    touched = [name for name in RESTORABLE if f",{name}," in touches]
    number = kept.NUMBER if {"phone", "phone_next"} & {*touched} else ()
    return tuple(dict.fromkeys((*touched, *number)))


@dataclass(slots=True)
class Verdict:
    """What becomes of a change: `back` is the person restored, or there is a reason to leave it, or nothing to do."""

    row: Kept
    now: Person
    back: Person | None = None
    left: Left | None = None

    @property
    def what(self) -> str:
        """How a restored change is counted."""
        if self.back and self.back.is_active != self.now.is_active:
            return "reactivated" if self.back.is_active else "deactivated"
        return "updated"


def judge(row: Kept, now: Person) -> Verdict:
    """What becomes of a change to somebody who is now like this."""
    names = row.names
    present = kept.columns(now, names)
    if row.kind == SyncChange.Kind.CREATED:
        if not now.is_active:
            return Verdict(row, now)
        same = _is_as(now, present, _only(row.new, names))
        return Verdict(row, now, back=sent_away(now)) if same else Verdict(row, now, left=Left.CHANGED_SINCE)
    if present == _only(row.old, names):
        return Verdict(row, now)
    if not _is_as(now, present, _only(row.new, names)):
        return Verdict(row, now, left=Left.CHANGED_SINCE)
    return Verdict(row, now, back=_restored(row, now, names))


def _only(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values.get(name) for name in names}


def _is_as(now: Person, present: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether the person has these values; a number that rested may have come to count: that is the run's doing."""
    if present == expected:
        return True
    rested = (expected.get("phone_next"), "", PhoneSource.DIRECTORY, None)
    if not rested[0] or (now.phone, now.phone_next, now.phone_source, now.phone_confirmed_at) != rested:
        return False
    return {**present, **{name: expected[name] for name in kept.NUMBER}} == expected


def _restored(row: Kept, now: Person, names: tuple[str, ...]) -> Person:
    back = now._replace(**{name: _value(name, row.old) for name in names})
    if back.is_active and not now.is_active:
        return back._replace(directory_fingerprint="")
    return sent_away(back) if now.is_active and not back.is_active else back


def sent_away(person: Person) -> Person:
    """Deactivated, and not let back in by a run before the entry changes."""
    return person._replace(is_active=False, directory_fingerprint=AWAY + person.directory_fingerprint[MARK:])


def _value(name: str, values: dict[str, Any]) -> Any:
    value = values.get(name)
    if name in ("phone_confirmed_at", "phone_next_at"):
        return datetime.fromisoformat(value) if value else None
    return value
