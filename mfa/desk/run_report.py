"""What a directory run's page tells: how far it is, what it counted, what it changed and what it could not use."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.directory import kept, report, verdicts
from accounts.directory.entries import Flaw
from accounts.directory.guards import Guard
from accounts.directory.life import SILENT_TOO_LONG
from accounts.models import SyncProblem, SyncRun
from mfa.desk import masks, run_plan, seek

TONES = {"running": "info", "done": "ok", "stopped": "warn", "failed": "danger", "killed": "danger"}
STEPS: dict[str, str | Promise] = {
    "reading": gettext_lazy("Reading the directory"),
    "planning": gettext_lazy("Comparing"),
    "writing": gettext_lazy("Writing the changes"),
    "groups": gettext_lazy("Following the groups of the directory"),
    "restoring": gettext_lazy("Restoring what was before"),
}
GUARDS: dict[str, str | Promise] = {
    Guard.EMPTY: gettext_lazy("Nobody at all"),
    Guard.NOTHING_USABLE: gettext_lazy("Nobody usable"),
    Guard.PEOPLE_LOST: gettext_lazy("People lost"),
    Guard.NUMBERS_LOST: gettext_lazy("Numbers lost"),
    Guard.NUMBERS_CHANGED: gettext_lazy("Numbers changed"),
    Guard.ADDRESSES_LOST: gettext_lazy("Addresses lost"),
    Guard.SAME_NUMBER: gettext_lazy("One number for many"),
    Guard.OTHER_PLAN: gettext_lazy("Another plan"),
}
ENOUGH_TO_TELL, TOO_SOON_TO_TELL = 20, timedelta(seconds=3)
CONFLICTS = frozenset(
    {Flaw.DUPLICATE_ID, Flaw.DUPLICATE_USERNAME, Flaw.USERNAME_TAKEN, Flaw.LOCAL_ACCOUNT, Flaw.NUMBER_SHARED}
)
"""Problems that hold people up, or two of them together; the others are about one value."""
CSV_HEAD = ("user name", "distinguished name", "attribute", "value", "reason", "in words", "suggestion")


def in_words(counts: Mapping[str, Any]) -> str:
    """The guard that stopped the run, and what there is any of."""
    guard = GUARDS.get(counts.get("guard", ""))
    return ", ".join([*([str(guard)] if guard else []), *(f"{name} {value}" for name, value in _figures(counts))])


def _figures(counts: Mapping[str, Any]) -> list[tuple[str, object]]:
    return [(name, value) for name, value in report.figures(counts) if value and name != "guard"]


def progress(run: SyncRun, *, now: datetime) -> dict[str, Any]:
    running = run.state == SyncRun.State.RUNNING
    return {
        "run": run,
        "running": running,
        "tone": TONES.get(run.state, "off"),
        "silent": running and now - run.heartbeat_at > SILENT_TOO_LONG,
        "counts": _figures(run.counts),
        "guard": GUARDS.get(run.counts.get("guard", ""), ""),
        "step": STEPS.get(run.step, run.step) or _("Starting"),
        "left": left(run, now=now) if running else "",
    }


def left(run: SyncRun, *, now: datetime) -> str:
    """About how long the present step still takes; nothing while that is a guess."""
    spent = now - run.step_at
    if run.progress_done < ENOUGH_TO_TELL or spent < TOO_SOON_TO_TELL or run.progress_done > run.progress_total:
        return ""
    seconds = spent.total_seconds() * (run.progress_total - run.progress_done) / run.progress_done
    if seconds < 10:
        return _("A few seconds left.")
    if seconds < 60:
        return _("Less than a minute left.")
    minutes = round(seconds / 60)
    return ngettext("About %(count)d minute left.", "About %(count)d minutes left.", minutes) % {"count": minutes}


def reasons(run: SyncRun) -> dict[str, int]:
    """How many unusable values there are of each reason; counted here for a run that did not come to its end."""
    counted = run.counts.get("reasons")
    found: dict[str, int] = kept.counted(run)["reasons"] if counted is None else counted
    return found


def problems(run: SyncRun, among: Collection[str], query: Mapping[str, str], *, whole: bool) -> seek.Page:
    """One page of the unusable values with one of these reasons."""
    page = seek.page(found(run, among, run_plan.search_of(query)), query)
    for row in page.rows:
        row.value = masks.raw(row.value, whole)
        row.suggestion = masks.phone(row.suggestion, whole)
        row.words = words(row.reason)
    return page


def found(run: SyncRun, among: Collection[str], search: str) -> QuerySet[SyncProblem]:
    """The problems of these reasons, of those only that the search fits."""
    some = SyncProblem.objects.filter(run=run, reason__in=among).order_by("pk")
    return some.filter(Q(username__icontains=search) | Q(dn__icontains=search)) if search else some


def words(reason: str) -> str:
    """What a reason means, of a value or of a change that an undo left."""
    return verdicts.Left(reason).words if reason in verdicts.Left._value2member_map_ else report.words(reason)


def csv_row(problem: SyncProblem, whole: bool) -> tuple[object, ...]:
    return (
        problem.username, problem.dn, problem.attribute, masks.raw(problem.value, whole), problem.reason,
        words(problem.reason), masks.phone(problem.suggestion, whole),
    )  # fmt: skip
