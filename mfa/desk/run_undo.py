"""What the page before an undo tells: exactly what would be restored, and what would not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from accounts.directory import kept, outlook, undo
from accounts.directory.verdicts import Verdict
from accounts.models import SyncRun
from accounts.people import VISIBLE
from mfa.desk import masks, run_plan
from mfa.desk.readonly import is_number_of_a_row

PER_PAGE = 50
GOOD_FOR = 300
"""Seconds."""
LEFT = "left"


def context(run: SyncRun, query: Mapping[str, str], *, whole: bool) -> dict[str, Any]:
    """One page of the people to be restored, or with `?show=left` of those to be left."""
    left = query.get("show") == LEFT
    first = int(query["from"]) if is_number_of_a_row(query.get("from", "")) else 0
    if not undo.possible(run):
        return {"restored": 0}
    counted = _counted(run)
    restored, kept_back = counted.restored.total(), counted.left.total()
    rows = outlook.page(run, counted, left=left, first=first, most=PER_PAGE)
    following = first + PER_PAGE if first + PER_PAGE < (kept_back if left else restored) else None
    return {
        "restored": restored, "left_count": kept_back, "outlook": counted, "showing_left": left,
        "rows": [(one, lines(one, whole)) for one in rows],
        "previous": max(0, first - PER_PAGE) if first else None, "following": following,
    }  # fmt: skip


def _counted(run: SyncRun) -> outlook.Outlook:
    """Counted once for as long as no other run begins, and for some minutes: with a hundred thousand people it takes
    seconds. The page says of when it is."""
    newest = SyncRun.objects.latest("pk")
    moments = f"{run.started_at.timestamp()}:{newest.started_at.timestamp()}:{newest.state}"
    key = f"undo:{run.pk}:{newest.pk}:{settings.PHONE_SHARED}:{moments}"
    found: outlook.Outlook | None = cache.get(key)
    if found is None:
        found = outlook.count(run, now=timezone.now())
        cache.set(key, found, GOOD_FOR)
    return found


def lines(one: Verdict, whole: bool) -> list[run_plan.Line]:
    """Each column that would change, as it is and as it would be; of somebody left, what the run had changed."""
    names = [name for name in VISIBLE if name in one.row.names and name != "is_active"]
    if one.back:
        names = [name for name in names if getattr(one.now, name) != getattr(one.back, name)]
    after = kept.columns(one.back, names) if one.back else one.row.old
    now, then = masks.columns(kept.columns(one.now, names), whole), masks.columns(after, whole)
    return [run_plan.Line(run_plan.COLUMNS[name], str(now[name]), str(then.get(name, ""))) for name in names]
