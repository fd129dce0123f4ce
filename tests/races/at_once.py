"""Several kinds of work in processes of their own on one database, begun in the same moment, and what each reports."""

from __future__ import annotations

import multiprocessing
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Barrier
from typing import Any

from django.db import connections

PATIENCE = 120.0


class Report:
    """What one process did: how often each thing came out, and every error that nobody expects."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.errors: list[str] = []
        self.slowest = 0.0

    def merge(self, other: Report) -> None:
        self.counts += other.counts
        self.errors += other.errors
        self.slowest = max(self.slowest, other.slowest)


Work = Callable[[Report], None]


def at_once(works: Sequence[Work]) -> Report:
    """Run all of them, each in a process of its own. An exception that leaves one is an error in the report."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    barrier, reports = context.Barrier(len(works)), context.SimpleQueue()
    children = [context.Process(target=_child, args=(work, barrier, reports), daemon=True) for work in works]
    for child in children:
        child.start()
    whole = Report()
    for _ in children:
        whole.merge(reports.get())
    for child in children:
        child.join(PATIENCE)
    return whole


def _child(work: Work, barrier: Barrier, reports: Any) -> None:
    report = Report()
    try:
        connections["default"].ensure_connection()
        barrier.wait(PATIENCE)
        work(report)
    except Exception:  # noqa: BLE001 (the one who waits for the report must get one)
        report.errors.append(traceback.format_exc())
    finally:
        connections.close_all()
        reports.put(report)
