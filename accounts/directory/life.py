"""The life of a run's row: the lock while it runs, its heartbeat, its end. Shared by the sync and by its undo.

Each transaction of a run asks first whether the row is still its own, so that a run given up for dead and waking again
writes nothing more.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.directory import kept
from accounts.directory.readers import DirectoryError
from accounts.models import SyncRun

Clock = Callable[[], datetime]
Progress = Callable[[str, int, int], None]
"""Called with the step, how much of it is done, and how much there is (an estimate while reading)."""

SILENT_TOO_LONG = timedelta(minutes=2)
BEAT_EVERY = 1.0
log = logging.getLogger("accounts.directory")


class AlreadyRunning(Exception):
    """Another run is at work."""


class AlreadyApplied(Exception):
    """The plan that was confirmed has been applied; it is good for once."""


class RunLost(Exception):
    """This run was given up for dead and its place taken."""


def begin(*, now: Clock, confirms: SyncRun | None = None, **columns: object) -> SyncRun:
    """Take the only place there is for a run. One that was silent too long is given up for dead. Raises AlreadyRunning,
    AlreadyApplied."""
    moment = now()
    bury_the_silent(moment)
    try:
        with transaction.atomic():
            return SyncRun.objects.create(
                confirms=confirms, started_at=moment, heartbeat_at=moment, step_at=moment, **columns
            )
    except IntegrityError:
        if confirms and SyncRun.objects.filter(confirms=confirms, state=SyncRun.State.DONE).exists():
            raise AlreadyApplied("This plan was applied already.") from None
        raise AlreadyRunning("A run of the directory sync is at work already.") from None


def bury_the_silent(moment: datetime) -> int:
    """Mark the run that shows no sign of life as killed. Returns how many there were."""
    silent = SyncRun.objects.filter(state=SyncRun.State.RUNNING, heartbeat_at__lt=moment - SILENT_TOO_LONG)
    words = "The run ended from outside, without a word. What it had written is complete; the next run goes on."
    return silent.update(state=SyncRun.State.KILLED, finished_at=moment, message=words)


class Life:
    """The row of a run that is at work."""

    def __init__(self, row: SyncRun, now: Clock, progress: Progress | None) -> None:
        self.row, self._now, self._progress = row, now, progress
        self._last_beat = 0.0

    def beat(self, step: str, done: int, total: int, *, at_once: bool = False) -> None:
        """Show that the run is alive and how far it is. Raises RunLost."""
        if self._progress:
            self._progress(step, done, total)
        if not at_once and time.monotonic() - self._last_beat < BEAT_EVERY:
            return
        self._last_beat = time.monotonic()
        step_at = self.row.step_at if step == self.row.step else self._now()
        self._save(step=step, step_at=step_at, progress_done=done, progress_total=total)

    def finish(self, **columns: object) -> None:
        """The report, and the end; to be called in the transaction that writes the last rows."""
        row = self.row
        row.counts |= kept.counted(row)
        self._save(
            state=row.state, counts=row.counts, message=row.message, finished_at=self._now(),
            plan_digest=row.plan_digest, **columns,
        )  # fmt: skip

    def _save(self, **columns: object) -> None:
        row = self.row
        for name, value in columns.items():
            setattr(row, name, value)
        row.heartbeat_at = self._now()
        mine = SyncRun.objects.filter(pk=row.pk, state=SyncRun.State.RUNNING)
        if not mine.update(heartbeat_at=row.heartbeat_at, **columns):
            raise RunLost("This run was given up for dead.")


@contextlib.contextmanager
def ended(row: SyncRun, now: Clock) -> Iterator[None]:
    """However a run ends, its row says how, and its place is free."""
    words = "The run was ended by an error in the portal itself. Its log has the details."
    try:
        yield
    except DirectoryError as error:
        words = f"{error} Nothing was changed."
        log.warning("directory sync failed: %s", error)
    except KeyboardInterrupt:
        words = "The run was ended by hand. What it had written is complete; the next run goes on."
        raise
    finally:
        moment, still_at_work = now(), SyncRun.objects.filter(pk=row.pk, state=SyncRun.State.RUNNING)
        if still_at_work.update(state=SyncRun.State.FAILED, message=words, finished_at=moment):
            row.state, row.message, row.finished_at = SyncRun.State.FAILED, words, moment
