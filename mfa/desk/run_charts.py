"""The history of directory runs as small charts: where the bars and lines stand, for a template to draw as SVG."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import SyncRun

RUNS = 60
WIDTH, HEIGHT, GAP = 600, 120, 2
CHANGES = ("created", "updated", "deactivated", "reactivated")
FAILED = (SyncRun.State.FAILED, SyncRun.State.KILLED, SyncRun.State.STOPPED)
Measure = Callable[[SyncRun], float | None]


@dataclass(frozen=True, slots=True)
class Bar:
    """One run: the left edge of its column, the top and the height of its bar (none without a value)."""

    x: float
    y: float
    height: float
    failed: bool
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    slug: str
    label: str | Promise
    bars: list[Bar]
    most: str
    latest: str
    described: str


@dataclass(frozen=True, slots=True)
class Row:
    """One run as the table below the charts has it."""

    run: SyncRun
    values: list[str]


def _people(run: SyncRun) -> float | None:
    return _number(run.counts.get("people"))


def _unusable(run: SyncRun) -> float | None:
    """Only a run of everybody looks at every value."""
    return _number(run.counts.get("problems")) if run.mode == SyncRun.Mode.FULL else None


def _changes(run: SyncRun) -> float | None:
    return sum(_number(run.counts.get(name)) or 0 for name in CHANGES) if run.state == SyncRun.State.DONE else None


def _duration(run: SyncRun) -> float | None:
    return (run.finished_at - run.started_at).total_seconds() if run.finished_at else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


MEASURES: dict[str, tuple[str | Promise, Measure]] = {
    "people": (gettext_lazy("People of the directory"), _people),
    "unusable": (gettext_lazy("Unusable values"), _unusable),
    "changes": (gettext_lazy("People changed"), _changes),
    "duration": (gettext_lazy("Duration"), _duration),
}


def history() -> dict[str, Any]:
    """The charts and the table of the latest runs that were for good, the oldest first in the charts."""
    ended = SyncRun.objects.filter(dry_run=False).exclude(state=SyncRun.State.RUNNING)
    latest = list(ended.order_by("-pk")[:RUNS])
    return {
        "charts": [_chart(slug, latest[::-1]) for slug in MEASURES],
        "rows": [Row(run, [_shown(slug, measure(run)) for slug, (_label, measure) in MEASURES.items()])
                 for run in latest],
        "heads": [label for label, _measure in MEASURES.values()],
        "width": WIDTH, "height": HEIGHT, "bar_width": _step(len(latest)) - GAP, "most_runs": RUNS,
    }  # fmt: skip


def _chart(slug: str, runs: list[SyncRun]) -> Chart:
    label, measure = MEASURES[slug]
    values = [measure(run) for run in runs]
    known = [value for value in values if value is not None]
    most = max(known, default=0.0)
    step = _step(len(runs))
    bars = [
        _bar(run, value, round(number * step, 1), value / most * HEIGHT if value and most else 0.0, _shown(slug, value))
        for number, (run, value) in enumerate(zip(runs, values, strict=True))
    ]
    shown, last = _shown(slug, most), _shown(slug, known[-1] if known else None)
    described = _("The last %(count)d runs: at most %(most)s, lately %(last)s; %(failed)d did not come to their end.")
    failed = sum(1 for run in runs if run.state in FAILED)
    words = described % {"count": len(runs), "most": shown, "last": last, "failed": failed}
    return Chart(slug, label, bars, shown, last, words)


def _bar(run: SyncRun, value: float | None, x: float, height: float, shown: str) -> Bar:
    height = max(round(height, 1), 1.0) if value is not None else 0.0
    title = f"{run.started_at:%Y-%m-%d %H:%M}: {shown}, {run.get_state_display()}"
    return Bar(x, HEIGHT - height, height, run.state in FAILED, title)


def _step(count: int) -> float:
    """How wide a run's column is; few runs do not become beams."""
    return WIDTH / max(count, 20)


def _shown(slug: str, value: float | None) -> str:
    if value is None:
        return "–"
    return lasted(value) if slug == "duration" else f"{value:,.0f}"


def lasted(duration: float) -> str:
    """Seconds as people read them."""
    minutes, seconds = divmod(duration, 60)
    return f"{minutes:.0f} min {seconds:02.0f} s" if minutes else f"{seconds:.1f} s"
