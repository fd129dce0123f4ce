"""The lower part of a run's page: one view of its changes, or of the values it could not use, as a table or as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy

from accounts.models import SyncRun
from mfa.desk import run_plan, run_report

CONFLICTS, UNUSABLE, LEFT = "conflicts", "unusable", "left"
LABELS: dict[str, str | Promise] = {
    **run_plan.LABELS,
    CONFLICTS: gettext_lazy("Conflicts"),
    UNUSABLE: gettext_lazy("Unusable values"),
    LEFT: gettext_lazy("Left as they are"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the address asks for. `have` counts each view that has anything, `reasons` those of a view of problems."""

    view: str
    search: str
    reason: str
    have: dict[str, int]
    reasons: dict[str, int]

    @property
    def is_problems(self) -> bool:
        return self.view in (CONFLICTS, UNUSABLE, LEFT)

    @property
    def among(self) -> list[str]:
        """The reasons whose problems are shown."""
        return [self.reason] if self.reason in self.reasons else list(self.reasons)


def choose(run: SyncRun, query: Mapping[str, str]) -> Shown:
    reasons = run_report.reasons(run)
    by_view = {view: {one: reasons[one] for one in reasons if _view_of(run, one) == view} for view in LABELS}
    counted = run_plan.counts(run) | {view: sum(some.values()) for view, some in by_view.items() if some}
    have = {view: counted[view] for view in LABELS if counted.get(view)}
    reason = query.get("reason", "")
    view = _view_of(run, reason) if reason in reasons else run_plan.chosen(query, have)
    return Shown(view, run_plan.search_of(query), reason, have, by_view.get(view, {}))


def _view_of(run: SyncRun, reason: str) -> str:
    if run.mode == SyncRun.Mode.UNDO:
        return LEFT
    return CONFLICTS if reason in run_report.CONFLICTS else UNUSABLE


def context(run: SyncRun, query: Mapping[str, str], *, whole: bool) -> dict[str, Any]:
    """What the templates `run_rows.html` and below it show; nothing while the run is at work."""
    if run.state == SyncRun.State.RUNNING:
        return {}
    shown = choose(run, query)
    page = (
        run_report.problems(run, shown.among, query, whole=whole)
        if shown.is_problems
        else run_plan.page(run, shown.view, query, whole=whole)
    )
    asked = {"view": shown.view, "reason": shown.reason, "q": shown.search}
    return {
        "shown": shown,
        "page": page,
        "views": [(view, LABELS[view], count) for view, count in shown.have.items()],
        "reasons": [(one, one.replace("_", " ").replace("-", " "), count) for one, count in shown.reasons.items()],
        "csv_query": urlencode({name: value for name, value in asked.items() if value}),
        "whole": whole,
        "search_everything": run_plan.EVERYTHING,
    }


def csv(run: SyncRun, shown: Shown, *, whole: bool) -> tuple[Sequence[str], Iterable[tuple[object, ...]]]:
    """The head and the rows of the file."""
    if shown.is_problems:
        found = run_report.found(run, shown.among, shown.search)
        return run_report.CSV_HEAD, (run_report.csv_row(row, whole) for row in _each(found))
    changes = run_plan.changes(run, shown.view or run_plan.EVERYTHING, shown.search, whole=whole).order_by("pk")
    return run_plan.CSV_HEAD, (run_plan.csv_row(row, whole) for row in _each(changes))


def _each(found: Any) -> Iterable[Any]:
    yield from found.iterator(chunk_size=1000)
