"""A plan into the database, in batches of one transaction each.

Each batch leaves a state that a next run goes on from, so a run killed anywhere needs no repair. Names come first and
together: they must be free before anybody else can have them. Then those who leave, whose doors must close.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from django.db import transaction

from accounts import provisioning
from accounts.directory import kept
from accounts.directory.plan import Plan
from accounts.models import SyncRun, User
from accounts.people import Change, Person
from accounts.portions import portions

BATCH = 2000
CREATED_AT_ONCE = 10_000
Beat = Callable[[int], None]
"""Called in each transaction with how many were written before; raises to end the run there."""


class Applied(NamedTuple):
    """What was really written, which is less than planned where another hand was quicker."""

    created: int
    changed: int


def apply(plan: Plan, *, run: SyncRun | None, now: datetime, actor: User | None, beat: Beat) -> Applied:
    """Write the plan. With a run, each change anybody would notice is kept with it."""
    renamed = [change for change in plan.changes if _renames(change)]
    leaving = (change for change in plan.changes if _leaves(change) and not _renames(change))
    others = (change for change in plan.changes if not _leaves(change) and not _renames(change))
    changed = written = 0
    for changes in chain([renamed] if renamed else [], portions(leaving, BATCH), portions(others, BATCH)):
        with transaction.atomic():
            beat(written)
            done = provisioning.change_many(changes, now=now, actor=actor)
            if run:
                kept.keep(run, done)
        changed, written = changed + len(done), written + len(changes)
    created = 0
    for changes in portions(plan.create, CREATED_AT_ONCE):
        with transaction.atomic():
            beat(written)
            stored = provisioning.create_many([change.new for change in changes], now=now)
            if run:
                kept.keep(run, _stored(changes, stored))
        created, written = created + len(stored), written + len(changes)
    return Applied(created, changed)


def _stored(changes: Iterable[Change], stored: Mapping[str, int]) -> Iterator[Change]:
    """Those who are in the database now, each with the primary key."""
    for change in changes:
        if pk := stored.get(change.new.directory_id):
            yield Change(change.old, Person(pk, *change.new[1:]), change.rule)


def _renames(change: Change) -> bool:
    return change.old.username != change.new.username


def _leaves(change: Change) -> bool:
    return change.old.is_active and not change.new.is_active
