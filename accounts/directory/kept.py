"""What a run did, or would do, as rows of the database: read by its page, by the preview and by its undo."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import cache, reduce
from operator import or_
from typing import Any

from django.db.models import Count, Max, Min, Q, QuerySet

from accounts import bulk
from accounts.models import SyncChange, SyncProblem, SyncRun, User
from accounts.people import NOBODY, VISIBLE, Change, Person

_COLUMNS = ("run_id", "user_id", "username", "kind", "touches", "rule", "old", "new")
NUMBER = ("phone", "phone_source", "phone_confirmed_at", "phone_next", "phone_next_at")
"""What belongs to a number: kept together, so that an undo brings all of it back."""

_AT = {name: at for at, name in enumerate(Person._fields)}
_VISIBLE_AT = [(name, _AT[name]) for name in VISIBLE]

Kind = SyncChange.Kind
_CREATED = Kind.CREATED.value
VIEWS: dict[str, tuple[SyncChange.Kind, tuple[str, ...]]] = {
    "created": (Kind.CREATED, ()),
    "numbers": (Kind.UPDATED, ("phone",)),
    "resting": (Kind.UPDATED, ("phone_next",)),
    "names": (Kind.UPDATED, ("name", "email")),
    "moved": (Kind.UPDATED, ("username", "directory_dn")),
    "deactivated": (Kind.DEACTIVATED, ()),
    "reactivated": (Kind.REACTIVATED, ()),
}
"""What a plan is looked at by: one kind each, so that the index finds and sorts it, and columns that changed."""


def keep(run: SyncRun, changes: Iterable[Change]) -> None:
    """Store each change that anybody would notice. The `pk` of somebody new is that of `new`, 0 if only planned."""
    bulk.insert(SyncChange, _COLUMNS, (_row(run.pk, change) for change in changes if change.visible))


def _row(run_id: int, change: Change) -> tuple[object, ...]:
    old, new, rule = change
    created = old == NOBODY
    names = tuple([name for name, at in _VISIBLE_AT if new[at]]) if created else change.visible
    touches, whole = _touches(names), _places(names)
    before = "{}" if created else _as_json({name: old[at] for name, at in whole})
    after = _as_json({name: new[at] for name, at in whole})
    return (run_id, new.pk or None, new.username, _kind(change), touches, rule[:60], before, after)


def _kind(change: Change) -> str:
    old, new = change.old, change.new
    if old == NOBODY:
        return _CREATED
    if old.is_active == new.is_active:
        return Kind.UPDATED.value
    return (Kind.REACTIVATED if new.is_active else Kind.DEACTIVATED).value


def columns(person: Person, names: Iterable[str]) -> dict[str, object]:
    """The named columns, with what belongs to a number where one is among them; moments in ISO 8601."""
    return {name: _plain(person[_AT[name]]) for name in _with_number(tuple(names))}


@cache
def _touches(names: tuple[str, ...]) -> str:
    return f",{','.join(names)},"


@cache
def _places(names: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(name, _AT[name]) for name in _with_number(names)]


@cache
def _with_number(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*names, *NUMBER))) if {"phone", "phone_next"} & {*names} else names


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


_as_json = json.JSONEncoder(default=_plain).encode


def of_view(run: SyncRun, view: str) -> QuerySet[SyncChange]:
    """The changes of one view, in the order they were planned in."""
    kind, touched = VIEWS[view]
    return of_run(run).filter(_touching(touched), kind=kind)


def of_run(run: SyncRun) -> QuerySet[SyncChange]:
    """All changes of a run. One run writes at a time, so they lie side by side; to name their ends keeps a search from
    wandering through those of other runs."""
    found = SyncChange.objects.filter(run=run).order_by("pk")
    ends = run.counts.get("rows")
    return found.filter(pk__gte=ends[0], pk__lte=ends[1]) if ends else found


def _touching(names: Iterable[str]) -> Q:
    return reduce(or_, (Q(touches__contains=f",{name},") for name in names), Q())


def counted(run: SyncRun) -> dict[str, Any]:
    """What a page of the run and the history need besides the plan's counts: how many changes each view has, the first
    and the last of them, how many values are unusable for each reason, and how many people of the directory are active
    now."""
    views = {name: Count("pk", filter=_touching(touched) & Q(kind=kind)) for name, (kind, touched) in VIEWS.items()}
    found = SyncChange.objects.filter(run=run).aggregate(**views, first=Min("pk"), last=Max("pk"))
    first, last = found.pop("first"), found.pop("last")
    reasons = SyncProblem.objects.filter(run=run).order_by().values_list("reason").annotate(Count("pk"))
    people = User.objects.filter(is_active=True, directory_id__isnull=False).count()
    return {
        "views": {name: count for name, count in found.items() if count},
        "rows": [first, last] if first else [],
        "reasons": dict(reasons),
        "people": people,
    }
