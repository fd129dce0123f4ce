"""What a run did, or would do, as rows of the database: read by its page, by the preview and by its undo."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from accounts import bulk
from accounts.directory.plan import NOBODY
from accounts.models import SyncChange, SyncRun
from accounts.people import VISIBLE, Change, Person

_COLUMNS = ("run_id", "user_id", "username", "kind", "touches", "rule", "old", "new")
PHONE_NOTES = ("phone_source", "phone_confirmed_at", "phone_next_at")
"""What belongs to a number: kept with it, so that an undo brings all of it back."""


def keep(run: SyncRun, changes: Iterable[Change]) -> None:
    """Store each change that anybody would notice. The `pk` of somebody new is that of `new`, 0 if only planned."""
    bulk.insert(SyncChange, _COLUMNS, (_row(run.pk, change) for change in changes if change.visible))


def _row(run_id: int, change: Change) -> tuple[object, ...]:
    old, new, rule = change
    names = tuple(name for name in VISIBLE if getattr(new, name)) if old == NOBODY else change.visible
    before = {} if old == NOBODY else columns(old, names)
    return (
        run_id, new.pk or None, new.username, _kind(change), f",{','.join(names)},", rule[:60],
        json.dumps(before), json.dumps(columns(new, names)),
    )  # fmt: skip


def _kind(change: Change) -> str:
    old, new = change.old, change.new
    if old == NOBODY:
        return SyncChange.Kind.CREATED.value
    if old.is_active == new.is_active:
        return SyncChange.Kind.UPDATED.value
    return (SyncChange.Kind.REACTIVATED if new.is_active else SyncChange.Kind.DEACTIVATED).value


def columns(person: Person, names: Iterable[str]) -> dict[str, object]:
    """The named columns, with what belongs to a number where one is among them; moments in ISO 8601."""
    names = list(names)
    if "phone" in names or "phone_next" in names:
        names += PHONE_NOTES
    return {name: _plain(getattr(person, name)) for name in names}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
