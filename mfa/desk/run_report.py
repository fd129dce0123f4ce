"""What a directory run's page tells: how far it is, what it counted, what it changed and what it could not use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count
from django.utils.translation import gettext as _

from accounts.directory import report
from accounts.directory.life import SILENT_TOO_LONG
from accounts.models import SyncChange, SyncProblem, SyncRun
from mfa.desk import masks

PER_PAGE = 50
TONES = {"running": "info", "done": "ok", "stopped": "warn", "failed": "danger", "killed": "danger"}
CSV_HEAD = ("user name", "distinguished name", "attribute", "value", "reason", "in words", "suggestion")


def in_words(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in report.figures(counts))


def progress(run: SyncRun, *, now: datetime) -> dict[str, Any]:
    running = run.state == SyncRun.State.RUNNING
    return {
        "run": run,
        "running": running,
        "tone": TONES.get(run.state, "off"),
        "silent": running and now - run.heartbeat_at > SILENT_TOO_LONG,
        "counts": report.figures(run.counts),
        "step": run.step or _("starting"),
    }


def problems(run: SyncRun, query: Mapping[str, str], *, whole: bool) -> dict[str, Any]:
    """One page of the unusable values, of one reason if asked, and how many there are of each."""
    found = SyncProblem.objects.filter(run=run)
    reasons = found.order_by("reason").values("reason").annotate(count=Count("pk"))
    chosen = query.get("reason", "")
    rows = (found.filter(reason=chosen) if chosen else found).select_related("user").order_by("pk")
    page = Paginator(rows, PER_PAGE).get_page(query.get("page"))
    for row in page.object_list:
        row.value = masks.raw(row.value, whole)
        row.suggestion = masks.phone(row.suggestion, whole)
        row.words = report.words(row.reason)  # type: ignore[attr-defined]
    named = [(one["reason"], one["reason"].replace("_", " "), one["count"]) for one in reasons]
    return {"page_obj": page, "reasons": named, "reason": chosen}


def changes(run: SyncRun, query: Mapping[str, str], *, whole: bool) -> dict[str, Any]:
    rows = SyncChange.objects.filter(run=run).select_related("user").order_by("pk")
    page = Paginator(rows, PER_PAGE).get_page(query.get("changes"))
    for row in page.object_list:
        row.lines = _lines(row, whole)  # type: ignore[attr-defined]
    return {"changes": page}


def _lines(change: SyncChange, whole: bool) -> list[tuple[str, Any, Any]]:
    old, new = masks.columns(change.old, whole), masks.columns(change.new, whole)
    return [(name.replace("_", " "), old.get(name, ""), new.get(name, "")) for name in {**old, **new}]


def csv_row(problem: SyncProblem, whole: bool) -> tuple[object, ...]:
    return (
        problem.username, problem.dn, problem.attribute, masks.raw(problem.value, whole), problem.reason,
        report.words(problem.reason), masks.phone(problem.suggestion, whole),
    )  # fmt: skip
