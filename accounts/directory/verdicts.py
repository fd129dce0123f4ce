"""What an undo makes of one change: the person as before, or the reason to leave it, or nothing. No database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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

    @property
    def words(self) -> str:
        return {
            Left.CHANGED_SINCE: "Changed again since the run. Left as it is.",
            Left.NAME_TAKEN: "The former user name belongs to somebody else now. Left as it is.",
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
    def names(self) -> list[str]:
        """The columns that an undo looks at; where a number or its rest changed, all that belongs to a number."""
        touched = [name for name in RESTORABLE if f",{name}," in self.touches]
        number = kept.NUMBER if {"phone", "phone_next"} & {*touched} else ()
        return list(dict.fromkeys((*touched, *number)))

    @property
    def renames(self) -> bool:
        return self.kind != SyncChange.Kind.CREATED and ",username," in self.touches


@dataclass(slots=True)
class Verdict:
    """What becomes of a change: `back` is the person restored, or there is a reason to leave it, or nothing to do."""

    row: Kept
    now: Person
    back: Person | None = None
    left: Left | None = None


def judge(row: Kept, now: Person) -> Verdict:
    if row.kind == SyncChange.Kind.CREATED:
        if not now.is_active:
            return Verdict(row, now)
        same = _is_as(now, row.new, [name for name in row.names if name in row.new])
        return Verdict(row, now, back=sent_away(now)) if same else Verdict(row, now, left=Left.CHANGED_SINCE)
    names = row.names
    if not names or kept.columns(now, names) == _only(row.old, names):
        return Verdict(row, now)
    if not _is_as(now, row.new, names):
        return Verdict(row, now, left=Left.CHANGED_SINCE)
    return Verdict(row, now, back=_restored(row, now, names))


def _is_as(now: Person, values: dict[str, Any], names: list[str]) -> bool:
    """Whether the person has these values; a number that rested may have come to count: that is its doing."""
    expected = _only(values, names)
    if kept.columns(now, names) == expected:
        return True
    rested = (values.get("phone_next"), "", PhoneSource.DIRECTORY, None)
    if not rested[0] or (now.phone, now.phone_next, now.phone_source, now.phone_confirmed_at) != rested:
        return False
    before = now._replace(**{name: _value(name, values) for name in kept.NUMBER})
    return kept.columns(before, names) == expected


def _only(values: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: values.get(name) for name in names}


def _restored(row: Kept, now: Person, names: list[str]) -> Person:
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
