"""What the page before an undo tells: exactly what would be restored, and what would not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.directory import kept, undo
from accounts.directory.verdicts import Verdict
from accounts.models import SyncRun
from accounts.people import VISIBLE
from mfa.desk import masks, run_plan
from mfa.desk.readonly import is_number_of_a_row

PER_PAGE = 50
LEFT = "left"


def context(run: SyncRun, query: Mapping[str, str], *, whole: bool) -> dict[str, Any]:
    """One page of the people to be restored, or with `?show=left` of those to be left."""
    left = query.get("show") == LEFT
    first = int(query["from"]) if is_number_of_a_row(query.get("from", "")) else 0
    if not undo.possible(run):
        return {"restored": 0}
    outlook = undo.look(run, wanted=lambda one: bool(one.left) is left, first=first, most=PER_PAGE)
    restored, kept_back = outlook.restored.total(), outlook.left.total()
    total = kept_back if left else restored
    return {
        "restored": restored, "left_count": kept_back, "outlook": outlook, "showing_left": left,
        "rows": [(one, lines(one, whole)) for one in outlook.page],
        "previous": max(0, first - PER_PAGE) if first else None,
        "following": first + PER_PAGE if first + PER_PAGE < total else None,
    }  # fmt: skip


def lines(one: Verdict, whole: bool) -> list[run_plan.Line]:
    """Each column that would change, as it is and as it would be; of somebody left, what the run had changed."""
    names = [name for name in VISIBLE if name in one.row.names and name != "is_active"]
    if one.back:
        names = [name for name in names if getattr(one.now, name) != getattr(one.back, name)]
    after = kept.columns(one.back, names) if one.back else one.row.old
    now, then = masks.columns(kept.columns(one.now, names), whole), masks.columns(after, whole)
    return [run_plan.Line(run_plan.COLUMNS[name], str(now[name]), str(then.get(name, ""))) for name in names]
