"""What a run did, or would do, at a shell: some rows of each view as text, or rows as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator

from accounts.directory import kept
from accounts.models import SyncChange, SyncRun
from accounts.people import VISIBLE

TITLES = {
    "created": "created",
    "numbers": "number changed",
    "resting": "number at rest",
    "names": "name or address changed",
    "moved": "renamed or moved",
    "deactivated": "deactivated",
    "reactivated": "reactivated",
}


def text(run: SyncRun, most: int) -> Iterator[str]:
    """For each view with anything its count, and the first `most` people in it, one a line."""
    for view, count in run.counts.get("views", {}).items():
        yield f"  {TITLES[view]}: {count}"
        for change in kept.of_view(run, view)[:most] if most else ():
            yield f"    {_line(change)}"
        if 0 < most < count:
            yield f"    ... and {count - most} more"


def as_json(run: SyncRun, most: int) -> Iterator[str]:
    """The first `most` changes, each as one JSON object on a line of its own."""
    changes = SyncChange.objects.filter(run=run).order_by("pk")[:most]
    for change in changes.iterator(chunk_size=1000):
        row = {
            "username": change.username, "kind": change.kind, "old": change.old, "new": change.new, "rule": change.rule,
        }  # fmt: skip
        yield json.dumps(row, sort_keys=True)


def _line(change: SyncChange) -> str:
    shown = [
        f"{name} {change.old.get(name) or '-'} -> {change.new.get(name) or '-'}"
        for name in VISIBLE
        if f",{name}," in change.touches and name != "is_active" and not _is_own_name(change, name)
    ]
    rule = f" [{change.rule}]" if change.rule else ""
    return f"{change.username}: {', '.join(shown)}{rule}" if shown else f"{change.username}{rule}"


def _is_own_name(change: SyncChange, column: str) -> bool:
    return column == "username" and change.kind == SyncChange.Kind.CREATED
