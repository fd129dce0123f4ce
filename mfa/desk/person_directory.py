"""What the page of a person tells of the directory: the entry, its number, what is unusable there, and the runs that
changed the person. Nothing is asked of the directory itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts.directory import report, write_back
from accounts.models import SyncChange, SyncProblem, SyncRun, User
from accounts.people import VISIBLE
from mfa.desk import masks, run_plan

LATEST = 5
LOOKED_THROUGH = 50
"""Changes of a person among which the one is looked for that brought the present number."""


@dataclass(frozen=True, slots=True)
class Seen:
    """When a run last saw the entry, and which."""

    at: datetime
    run: SyncRun | None


@dataclass(frozen=True, slots=True)
class Changed:
    """What one run did to the person: in the words of the run's page."""

    run: SyncRun
    kind: str
    columns: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """A value of the entry as far as the role may see it, what is wrong with it, and what it may have meant."""

    value: str
    attribute: str
    words: str
    rule: str
    suggestion: str


def context(person: User, actor: User, *, whole: bool) -> dict[str, Any]:
    """All that the template `person_directory.html` shows; empty for a local account."""
    if not person.directory_id:
        return {}
    changes = list(_changes(person)[:LOOKED_THROUGH])
    problems = report.open_problems().filter(user=person).order_by("pk")[:LOOKED_THROUGH]
    return {
        "shown_directory_phone": masks.phone(person.directory_phone, whole),
        "shown_next_phone": masks.phone(person.phone_next, whole),
        "rule": _rule(person, changes),
        "seen": _seen(person, changes),
        "problems": [_unusable(problem, whole) for problem in problems],
        "changes": [_changed(change) for change in changes[:LATEST]],
        "write_back": _write_back(person, whole),
        "sees_runs": actor.has_perm("accounts.view_syncrun"),
        "sees_problems": actor.has_perm("accounts.view_syncproblem"),
        "sees_write_backs": actor.has_perm("accounts.view_writeback"),
    }


def _changes(person: User) -> QuerySet[SyncChange]:
    only_planned = Q(run__dry_run=True) | Q(run__state=SyncRun.State.STOPPED)
    return SyncChange.objects.filter(user=person).exclude(only_planned).select_related("run").order_by("-pk")


def _rule(person: User, changes: list[SyncChange]) -> str:
    """How the country of the directory's number was found, as the run noted that brought it."""
    number = person.directory_phone
    brought = (one.rule for one in changes if number and number in (one.new.get("phone"), one.new.get("phone_next")))
    return next(filter(None, brought), "")


def _seen(person: User, changes: list[SyncChange]) -> Seen | None:
    """An active person was seen by every run of everybody, else the run would have deactivated them."""
    read = (one for one in changes if one.run.mode != SyncRun.Mode.UNDO)
    runs = [one.run for one in list(read)[:1] if one.kind != SyncChange.Kind.DEACTIVATED]
    if person.is_active:
        whole = SyncRun.objects.filter(state=SyncRun.State.DONE, mode=SyncRun.Mode.FULL, dry_run=False)
        runs += whole.filter(started_at__gte=person.created_at).order_by("-pk")[:1]
    latest = max(runs, key=lambda run: run.pk, default=None)
    return Seen(latest.started_at, latest) if latest else Seen(person.created_at, None) if person.is_active else None


def _changed(change: SyncChange) -> Changed:
    names = [str(run_plan.COLUMNS[name]) for name in VISIBLE if f",{name}," in change.touches and name != "is_active"]
    return Changed(change.run, change.get_kind_display(), ", ".join(names))


def _unusable(problem: SyncProblem, whole: bool) -> Unusable:
    value, suggestion = masks.raw(problem.value, whole), masks.phone(problem.suggestion, whole)
    return Unusable(value, problem.attribute, report.words(problem.reason), problem.rule, suggestion)


def _write_back(person: User, whole: bool) -> Any:
    row = write_back.latest(person)
    if row:
        row.answer = masks.raw(row.answer, whole)
    return row
