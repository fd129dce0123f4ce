"""A run of the directory sync: read, plan, guard, apply, report. The only place that knows the order.

The run's row is its lock, its heartbeat and its report. Each transaction of a run asks first whether the row is still
its own, so that a run given up for dead and waking again writes nothing more.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.directory import configuration, guards, kept, report
from accounts.directory.apply import apply
from accounts.directory.plan import Plan, Planner, digest
from accounts.directory.readers import DirectoryError, DirectoryReader
from accounts.directory.readers.ldap import LdapReader
from accounts.models import SyncRun, User
from accounts.people import COLUMNS, Person

Clock = Callable[[], datetime]
Progress = Callable[[str, int, int], None]
"""Called with the step, how much of it is done, and how much there is (an estimate while reading)."""

OTHER_PLAN = "The directory is no longer as it was when the plan was confirmed. Look at the new plan."
SILENT_TOO_LONG = timedelta(minutes=2)
BEAT_EVERY = 1.0
log = logging.getLogger("accounts.directory")


class AlreadyRunning(Exception):
    """Another run is at work."""


class AlreadyApplied(Exception):
    """The plan that was confirmed has been applied; it is good for once."""


class RunLost(Exception):
    """This run was given up for dead and its place taken."""


class NotConfigured(Exception):
    """There is no directory to read."""


def run(
    *,
    trigger: SyncRun.Trigger,
    actor: User | None = None,
    dry_run: bool = False,
    confirms: SyncRun | None = None,
    reader: DirectoryReader | None = None,
    progress: Progress | None = None,
    now: Clock = timezone.now,
) -> SyncRun:
    """One run from its beginning to its report. A dry run writes no person, only its own row, plan and problems.

    With `confirms`, a run that a guard stopped, the guards let exactly the plan of that run pass; any other plan stops
    again. A directory that cannot be read and a guard that objects end the run in its row, not in an exception. Raises
    AlreadyRunning, AlreadyApplied, NotConfigured, RunLost.
    """
    reader = reader or _configured_reader()
    row = begin(trigger=trigger, actor=actor, dry_run=dry_run, confirms=confirms, now=now)
    with _ended(row, now):
        Sync(row, reader, now, progress).carry_out()
    return row


def begin(
    *, trigger: SyncRun.Trigger, actor: User | None, dry_run: bool, confirms: SyncRun | None = None, now: Clock
) -> SyncRun:
    """Take the only place there is for a run. One that was silent too long is given up for dead."""
    moment = now()
    bury_the_silent(moment)
    try:
        with transaction.atomic():
            return SyncRun.objects.create(
                trigger=trigger, actor=actor, dry_run=dry_run, confirms=confirms, started_at=moment,
                heartbeat_at=moment,
            )  # fmt: skip
    except IntegrityError:
        if SyncRun.objects.filter(confirms=confirms, state=SyncRun.State.DONE).exclude(confirms=None).exists():
            raise AlreadyApplied("This plan was applied already.") from None
        raise AlreadyRunning("A run of the directory sync is at work already.") from None


def bury_the_silent(moment: datetime) -> int:
    """Mark the run that shows no sign of life as killed. Returns how many there were."""
    silent = SyncRun.objects.filter(state=SyncRun.State.RUNNING, heartbeat_at__lt=moment - SILENT_TOO_LONG)
    words = "The run ended from outside, without a word. What it had written is complete; the next run goes on."
    return silent.update(state=SyncRun.State.KILLED, finished_at=moment, message=words)


class Sync:
    """One run at work."""

    def __init__(self, row: SyncRun, reader: DirectoryReader, now: Clock, progress: Progress | None) -> None:
        self._row, self._reader, self._now, self._progress = row, reader, now, progress
        self._last_beat = 0.0

    def carry_out(self) -> None:
        plan = self._plan()
        row = self._row
        row.counts, row.plan_digest = report.counts(plan), digest(plan)
        stop = self._objection(plan)
        if stop:
            row.counts["guard"] = stop.guard
            row.message = f"Stopped before any change. {stop.words}"
        elif not row.dry_run:
            self._apply(plan)
        row.state = SyncRun.State.STOPPED if stop else SyncRun.State.DONE
        with transaction.atomic():
            if stop or row.dry_run:
                kept.keep(row, (*plan.create, *plan.changes))
            report.keep_problems(row, plan)
            self._finish()

    def _objection(self, plan: Plan) -> guards.Stop | None:
        """What a guard says against the plan, unless an admin confirmed just this one."""
        confirmed = self._row.confirms
        if confirmed is None:
            return guards.check(plan.tally, configuration.limits())
        if plan.tally.entries and self._row.plan_digest == confirmed.plan_digest:
            return None
        return guards.Stop(guards.Guard.OTHER_PLAN, OTHER_PLAN)

    def _plan(self) -> Plan:
        people = known_people()
        total = sum(1 for person in people if person.directory_id)
        planner = Planner(people, rules=configuration.rules(), policy=configuration.policy(self._now()))
        del people
        done = 0
        self._beat("reading", 0, total, at_once=True)
        for batch in self._reader.batches():
            planner.take(batch)
            done += len(batch)
            self._beat("reading", done, max(total, done))
        self._beat("planning", 0, done, at_once=True)
        return planner.finish()

    def _apply(self, plan: Plan) -> None:
        total = len(plan.changes) + len(plan.create)
        applied = apply(
            plan, run=self._row, now=self._now(), actor=self._row.actor,
            beat=lambda done: self._beat("writing", done, total, at_once=True),
        )  # fmt: skip
        self._beat("writing", total, total, at_once=True)
        missed = total - applied.created - applied.changed
        if missed:
            self._row.counts["left_for_next_run"] = missed

    def _beat(self, step: str, done: int, total: int, *, at_once: bool = False) -> None:
        """Show that the run is alive and how far it is. Raises RunLost."""
        if self._progress:
            self._progress(step, done, total)
        if not at_once and time.monotonic() - self._last_beat < BEAT_EVERY:
            return
        self._last_beat = time.monotonic()
        self._save(step=step, progress_done=done, progress_total=total)

    def _finish(self) -> None:
        row = self._row
        row.finished_at = self._now()
        self._save(
            state=row.state, counts=row.counts, message=row.message, finished_at=row.finished_at,
            plan_digest=row.plan_digest,
        )  # fmt: skip

    def _save(self, **columns: object) -> None:
        row = self._row
        for name, value in columns.items():
            setattr(row, name, value)
        row.heartbeat_at = self._now()
        mine = SyncRun.objects.filter(pk=row.pk, state=SyncRun.State.RUNNING)
        if not mine.update(heartbeat_at=row.heartbeat_at, **columns):
            raise RunLost("This run was given up for dead.")


def known_people() -> list[Person]:
    """Everybody the portal has, as the plan wants them."""
    columns = (F("pk"), Coalesce("directory_id", Value("")), *COLUMNS[1:])
    rows = User.objects.order_by().values_list(*columns).iterator(chunk_size=5000)
    return list(map(Person._make, rows))


@contextlib.contextmanager
def _ended(row: SyncRun, now: Clock) -> Iterator[None]:
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
        if row.state == SyncRun.State.RUNNING:
            row.state, row.message, row.finished_at = SyncRun.State.FAILED, words, now()
            left = SyncRun.objects.filter(pk=row.pk, state=SyncRun.State.RUNNING)
            left.update(state=row.state, message=words, finished_at=row.finished_at)


def _configured_reader() -> DirectoryReader:
    if not configuration.configured():
        raise NotConfigured("There is no directory: LDAP_URL is not set.")
    return LdapReader(configuration.server())
