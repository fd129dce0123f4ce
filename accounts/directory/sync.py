"""A run of the directory sync: read, plan, guard, apply, report. The only place that knows the order."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import leavers
from accounts.directory import configuration, groups, guards, kept, life, report
from accounts.directory.apply import apply
from accounts.directory.life import Clock, Progress
from accounts.directory.plan import Plan, Planner, digest
from accounts.directory.readers import DirectoryReader
from accounts.models import SyncRun, User
from accounts.people import COLUMNS, Person

OTHER_PLAN = "The directory is no longer as it was when the plan was confirmed. Look at the new plan."


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
    row = life.begin(trigger=trigger, actor=actor, dry_run=dry_run, confirms=confirms, now=now)
    with life.ended(row, now):
        Sync(row, reader, now, progress).carry_out()
    return row


class Sync:
    """One run at work."""

    def __init__(self, row: SyncRun, reader: DirectoryReader, now: Clock, progress: Progress | None) -> None:
        self._row, self._reader, self._now = row, reader, now
        self._life = life.Life(row, now, progress)

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
        if not stop:
            self._follow_groups()
        if row.dry_run:
            row.counts["leavers_forgotten_by_tomorrow"] = leavers.due(at=self._now() + timedelta(days=1)).count()
        row.state = SyncRun.State.STOPPED if stop else SyncRun.State.DONE
        with transaction.atomic():
            if stop or row.dry_run:
                kept.keep(row, (*plan.create, *plan.changes))
            report.keep_problems(row, plan)
            self._life.finish()

    def _objection(self, plan: Plan) -> guards.Stop | None:
        """What a guard says against the plan, unless an admin confirmed just this one."""
        confirmed, stop = self._row.confirms, guards.check(plan.tally, configuration.limits())
        if confirmed is None or (stop and stop.guard in guards.NEVER_OVERRULED):
            return stop
        if self._row.plan_digest == confirmed.plan_digest:
            return None
        return guards.Stop(guards.Guard.OTHER_PLAN, OTHER_PLAN)

    def _plan(self) -> Plan:
        people = known_people()
        total = sum(1 for person in people if person.directory_id)
        planner = Planner(people, rules=configuration.rules(), policy=configuration.policy(self._now()))
        del people
        done = 0
        self._life.beat("reading", 0, total, at_once=True)
        for batch in self._reader.batches():
            planner.take(batch)
            done += len(batch)
            self._life.beat("reading", done, max(total, done))
        self._life.beat("planning", 0, done, at_once=True)
        return planner.finish()

    def _apply(self, plan: Plan) -> None:
        total = len(plan.changes) + len(plan.create)
        applied = apply(
            plan, run=self._row, now=self._now(), actor=self._row.actor,
            beat=lambda done: self._life.beat("writing", done, total, at_once=True),
        )  # fmt: skip
        self._life.beat("writing", total, total, at_once=True)
        missed = total - applied.created - applied.changed
        if missed:
            self._row.counts["left_for_next_run"] = missed

    def _follow_groups(self) -> None:
        outcome = groups.follow(dry_run=self._row.dry_run, beat=lambda: self._life.beat("groups", 0, 0, at_once=True))
        if outcome:
            self._row.counts.update(outcome.counts)
            self._row.message = outcome.words


def known_people() -> list[Person]:
    """Everybody the portal has, as the plan wants them."""
    columns = (F("pk"), Coalesce("directory_id", Value("")), *COLUMNS[1:])
    rows = User.objects.order_by().values_list(*columns).iterator(chunk_size=5000)
    return list(map(Person._make, rows))


def _configured_reader() -> DirectoryReader:
    if not configuration.configured():
        raise NotConfigured("There is no directory: neither LDAP_URL nor DIRECTORY_FILE is set.")
    return configuration.reader()
