"""Taking a run back: whatever it changed and nobody changed since gets its former value. Itself a run, with what it
did kept, so that it can be taken back too.

The sync's own notes stay as the directory says, so that the next run does not do the same again: a person stays as the
undo left them until their entry changes. An account that the run created is deactivated, never deleted. Each batch is
one transaction and judged anew in it, so an undo that was killed is simply begun again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts import bulk, provisioning
from accounts.directory import configuration, kept, life
from accounts.directory.judging import Judge, Portion
from accounts.directory.life import Clock, Progress
from accounts.directory.verdicts import Verdict
from accounts.models import SyncProblem, SyncRun, User
from accounts.people import Change

WROTE = (SyncRun.State.DONE, SyncRun.State.FAILED, SyncRun.State.KILLED)
STEP = "restoring"


class NothingToUndo(Exception):
    """The run changed nobody, or is not over."""


def possible(run: SyncRun) -> bool:
    """Whether the run wrote anything that could be taken back."""
    return run.state in WROTE and not run.dry_run and run.changes.exists()


def undo(
    run: SyncRun,
    *,
    trigger: SyncRun.Trigger,
    actor: User | None,
    progress: Progress | None = None,
    now: Clock = timezone.now,
) -> SyncRun:
    """Take a run back as far as nothing changed since; its own row says what was restored and what was left. Raises
    NothingToUndo, AlreadyRunning, RunLost."""
    if not possible(run):
        raise NothingToUndo("This run changed nobody: there is nothing to undo.")
    row = life.begin(trigger=trigger, actor=actor, mode=SyncRun.Mode.UNDO, undoes=run, now=now)
    with life.ended(row, now):
        _Undo(run, row, now, life.Life(row, now, progress)).carry_out()
    return row


class _Undo:
    """One undo at work."""

    def __init__(self, run: SyncRun, row: SyncRun, now: Clock, line: life.Life) -> None:
        self._run, self._row, self._now, self._life = run, row, now, line
        self._counts: Counter[str] = Counter()

    def carry_out(self) -> None:
        total, done = self._run.changes.count(), 0
        judge = Judge(self._run, lock=True)
        if configuration.policy(self._now()).sharing == "refuse":
            judge.respect_owners(lambda: self._life.beat(STEP, 0, total))
        for portion in judge.portions():
            done += self._write(portion, done, total)
        row = self._row
        row.counts = {name: self._counts[name] for name in ("updated", "deactivated", "reactivated", "left")}
        row.state = SyncRun.State.DONE
        with transaction.atomic():
            self._life.finish()

    def _write(self, portion: Portion, done: int, total: int) -> int:
        """In one transaction: looked at under lock, written, kept. Returns how many rows it was."""
        with transaction.atomic():
            self._life.beat(STEP, min(done, total), total, at_once=True)
            verdicts = portion()
            changes = [Change(verdict.now, verdict.back) for verdict in verdicts if verdict.back]
            made = provisioning.change_many(changes, now=self._now(), actor=self._row.actor)
            kept.keep(self._row, made)
            self._report([verdict for verdict in verdicts if verdict.left])
        self._counts.update(verdict.what for verdict in verdicts if verdict.back)
        self._counts["left"] += sum(1 for verdict in verdicts if verdict.left)
        return len(verdicts)

    def _report(self, left: Iterable[Verdict]) -> None:
        columns = ("run_id", "user_id", "username", "dn", "attribute", "value", "reason", "suggestion", "rule",
                   "exact", "is_open")  # fmt: skip
        bulk.insert(SyncProblem, columns, (
            (self._row.pk, one.now.pk, one.now.username, one.now.directory_dn, ", ".join(one.row.names)[:64], "",
             one.left.value if one.left else "", "", "", "", False)
            for one in left
        ))  # fmt: skip
