"""A run of the directory sync: read, plan, guard, apply, report. The only place that knows the order."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain

from django.db import transaction
from django.utils import timezone

from accounts import leavers
from accounts.directory import collector, configuration, groups, guards, incremental, kept, life, report
from accounts.directory.apply import apply
from accounts.directory.drafts import Policy
from accounts.directory.life import Clock, Progress
from accounts.directory.parsing import Parser
from accounts.directory.plan import Plan, digest
from accounts.directory.planner import Planner
from accounts.directory.readers import DirectoryReader, FollowedReader, Follower, PositionLost
from accounts.directory.stored import Stored
from accounts.models import SyncRun, User
from accounts.phones import Rules
from accounts.portions import portions

KEPT_AT_ONCE = 10_000
OTHER_PLAN = "The directory is no longer as it was when the plan was confirmed. Look at the new plan."


class NotConfigured(Exception):
    """There is no directory to read."""


def run(
    *,
    trigger: SyncRun.Trigger,
    actor: User | None = None,
    dry_run: bool = False,
    confirms: SyncRun | None = None,
    mode: SyncRun.Mode = SyncRun.Mode.FULL,
    reader: DirectoryReader | None = None,
    progress: Progress | None = None,
    now: Clock = timezone.now,
) -> SyncRun:
    """One run from its beginning to its report. A dry run writes no person, only its own row, plan and problems.

    With `confirms`, a run that a guard stopped, the guards let exactly the plan of that run pass; any other plan stops
    again. With mode INCREMENTAL only what changed since the last run is read, or everybody where that cannot be known;
    a run that confirms has the mode of the one it confirms. A directory that cannot be read and a guard that objects
    end the run in its row, not in an exception. Raises AlreadyRunning, AlreadyApplied, NotConfigured, RunLost.
    """
    reader = reader or _configured_reader()
    mode = SyncRun.Mode(confirms.mode) if confirms else mode
    row = life.begin(trigger=trigger, actor=actor, dry_run=dry_run, confirms=confirms, mode=mode, now=now)
    with life.ended(row, now), collector.seldom():
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
            row.message = f"Stopped before any change. {stop.words} {row.message}".strip()
        elif not row.dry_run:
            self._apply(plan)
        if not stop:
            self._follow_groups()
        if row.dry_run:
            row.counts["leavers_forgotten_by_tomorrow"] = leavers.due(at=self._now() + timedelta(days=1)).count()
        row.state = SyncRun.State.STOPPED if stop else SyncRun.State.DONE
        with transaction.atomic():
            if stop or row.dry_run:
                for changes in portions(chain(plan.create, plan.changes), KEPT_AT_ONCE):
                    kept.keep(row, changes)
            report.keep_problems(row, plan)
            at = row.position if row.state == SyncRun.State.DONE and not row.dry_run else {}
            if at and row.mode == SyncRun.Mode.FULL:
                incremental.tidy(row, now=self._now())
            self._life.finish(mode=row.mode, source=row.source, position=at)

    def _objection(self, plan: Plan) -> guards.Stop | None:
        """What a guard says against the plan, unless an admin confirmed just this one."""
        confirmed = self._row.confirms
        if confirmed is None and plan.is_empty and self._row.mode == SyncRun.Mode.INCREMENTAL:
            return None
        stop = guards.check(plan.tally, configuration.limits())
        if not stop and self._row.mode == SyncRun.Mode.INCREMENTAL:
            stop = incremental.creeping(plan.tally, configuration.limits())
        if confirmed is None or (stop and stop.guard in guards.NEVER_OVERRULED):
            return stop
        if self._row.plan_digest == confirmed.plan_digest:
            return None
        return guards.Stop(guards.Guard.OTHER_PLAN, OTHER_PLAN)

    def _plan(self) -> Plan:
        """Of what changed if that can be known, else of everybody. Notes in the row where a next run goes on."""
        row, rules, policy = self._row, configuration.rules(), configuration.policy(self._now())
        if not isinstance(self._reader, FollowedReader):
            row.mode = SyncRun.Mode.FULL
            return self._plan_everybody(rules, policy)
        row.source = incremental.source_of(self._reader, rules, policy)
        with self._reader.follow() as follower:
            if row.mode == SyncRun.Mode.INCREMENTAL:
                try:
                    return self._plan_changes(follower, rules, policy)
                except PositionLost as lost:
                    row.mode, row.message = SyncRun.Mode.FULL, f"Everybody was read, because {lost}."
            position = follower.position(now=self._now())
        plan = self._plan_everybody(rules, policy)
        row.position = incremental.with_unsettled(position, plan.unsettled)
        return plan

    def _plan_changes(self, follower: Follower, rules: Rules, policy: Policy) -> Plan:
        now = self._now()
        since = incremental.last_position(self._row.source, now=now, full_every=configuration.full_every())
        self._life.beat("reading", 0, 0, at_once=True)
        plan, self._row.position = incremental.plan_changes(follower, since, rules=rules, policy=policy, now=now)
        return plan

    def _plan_everybody(self, rules: Rules, policy: Policy) -> Plan:
        with Parser(rules) as parser:
            planner = Planner(Stored(), rules=rules, policy=policy, parser=parser)
            done, total = 0, planner.expected
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
            # Whoever was left is not found by what changes from here on.
            self._row.position = {}

    def _follow_groups(self) -> None:
        outcome = groups.follow(dry_run=self._row.dry_run, beat=lambda: self._life.beat("groups", 0, 0, at_once=True))
        if outcome:
            self._row.counts.update(outcome.counts)
            self._row.message = f"{self._row.message} {outcome.words}".strip()


def _configured_reader() -> DirectoryReader:
    if not configuration.configured():
        raise NotConfigured("There is no directory: neither LDAP_URL nor DIRECTORY_FILE is set.")
    return configuration.reader()
