"""A plan into the database, in batches of one transaction each.

Each batch leaves a state that a next run goes on from, so a run killed anywhere needs no repair. Names come first and
together: they must be free before anybody else can have them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple, TypeVar

from django.db import transaction

from accounts import bulk, users
from accounts.directory.plan import Plan
from accounts.models import SyncChange, SyncRun, User
from accounts.people import VISIBLE, Change, Person

BATCH = 2000
Item = TypeVar("Item")
Beat = Callable[[int], None]
"""Called in each transaction with how many were written before; raises to end the run there."""


class Applied(NamedTuple):
    """What was really written, which is less than planned where another hand was quicker."""

    created: int
    changed: int


def apply(plan: Plan, *, run: SyncRun | None, now: datetime, actor: User | None, beat: Beat) -> Applied:
    """Write the plan. With a run, each change anybody would notice is kept with it."""
    first = [change for change in plan.changes if _frees_a_name(change)]
    rest = [change for change in plan.changes if not _frees_a_name(change)]
    changed = written = 0
    for changes in (first, *_batches(rest)):
        with transaction.atomic():
            beat(written)
            done = users.change_many(changes, now=now, actor=actor)
            _keep(run, done)
        changed, written = changed + len(done), written + len(changes)
    created = 0
    for people in _batches(plan.create):
        with transaction.atomic():
            beat(written)
            stored = users.create_many(people, now=now)
            _keep_created(run, people, stored)
        created, written = created + len(stored), written + len(people)
    return Applied(created, changed)


def _frees_a_name(change: Change) -> bool:
    return change.old.username != change.new.username or (change.old.is_active and not change.new.is_active)


def _keep(run: SyncRun | None, changes: Sequence[Change]) -> None:
    rows = [
        _row(change.old.pk, _kind(change), _columns(change, 0), _columns(change, 1))
        for change in changes
        if change.visible
    ]
    _insert(run, rows)


def _keep_created(run: SyncRun | None, people: Sequence[Person], stored: dict[str, int]) -> None:
    rows = [
        _row(
            stored[person.directory_id], SyncChange.Kind.CREATED, {}, {name: getattr(person, name) for name in VISIBLE}
        )
        for person in people
        if person.directory_id in stored
    ]
    _insert(run, rows)


def _insert(run: SyncRun | None, rows: Sequence[tuple[int, str, str, str]]) -> None:
    if run is not None and rows:
        bulk.insert(SyncChange, ("run_id", "user_id", "kind", "old", "new"), ((run.pk, *row) for row in rows))


def _row(
    user_id: int, kind: SyncChange.Kind, old: dict[str, object], new: dict[str, object]
) -> tuple[int, str, str, str]:
    return user_id, kind.value, json.dumps(old), json.dumps(new)


def _kind(change: Change) -> SyncChange.Kind:
    if change.old.is_active == change.new.is_active:
        return SyncChange.Kind.UPDATED
    return SyncChange.Kind.REACTIVATED if change.new.is_active else SyncChange.Kind.DEACTIVATED


def _columns(change: Change, side: int) -> dict[str, object]:
    return {column: getattr(change[side], column) for column in change.visible}


def _batches(items: Sequence[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
