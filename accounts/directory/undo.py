"""Taking a run back: whatever it changed and nobody changed since gets its former value. Itself a run, with what it
did kept, so that it can be taken back too.

The sync's own notes stay as the directory says, so that the next run does not do the same again: a person stays as the
undo left them until their entry changes. An account that the run created is deactivated, never deleted. Each batch is
one transaction and judged anew in it, so an undo that was killed is simply begun again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts import bulk, users
from accounts.directory import kept, life
from accounts.directory.life import Clock, Progress
from accounts.directory.verdicts import Kept, Left, Verdict, judge, sent_away
from accounts.models import SyncChange, SyncProblem, SyncRun, User
from accounts.names import LONGEST
from accounts.people import COLUMNS, Change, Person

BATCH = 2000
Item = TypeVar("Item", int, str)
KINDS = (SyncChange.Kind.UPDATED, SyncChange.Kind.DEACTIVATED, SyncChange.Kind.REACTIVATED, SyncChange.Kind.CREATED)
WROTE = (SyncRun.State.DONE, SyncRun.State.FAILED, SyncRun.State.KILLED)


class NothingToUndo(Exception):
    """The run changed nobody, or is not over."""


@dataclass(slots=True)
class Outlook:
    """What an undo would do: how many of each kind, how many it leaves and why, and one page of both."""

    restored: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    page: list[Verdict] = field(default_factory=list)


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


def look(run: SyncRun, *, wanted: Callable[[Verdict], bool], first: int, most: int) -> Outlook:
    """What an undo would do now, without a write; the page holds `most` of the wanted from the `first` on."""
    outlook = Outlook()
    seen = 0
    for verdicts in _judged(run):
        for verdict in verdicts:
            if verdict.back:
                outlook.restored[_what(verdict)] += 1
            elif verdict.left:
                outlook.left[verdict.left] += 1
            if (verdict.back or verdict.left) and wanted(verdict):
                if first <= seen < first + most:
                    outlook.page.append(verdict)
                seen += 1
    return outlook


def _judged(run: SyncRun) -> Iterator[list[Verdict]]:
    yield _renamed(run, lock=False)
    for rows in _batches(run):
        yield _settled(run, rows, lock=False)


def _what(verdict: Verdict) -> str:
    """How a restored change is counted."""
    if verdict.back and verdict.back.is_active != verdict.now.is_active:
        return "reactivated" if verdict.back.is_active else "deactivated"
    return "updated"


class _Undo:
    """One undo at work."""

    def __init__(self, run: SyncRun, row: SyncRun, now: Clock, line: life.Life) -> None:
        self._run, self._row, self._now, self._life = run, row, now, line
        self._counts: Counter[str] = Counter()

    def carry_out(self) -> None:
        total = self._run.changes.count()
        done = self._write(lambda: _renamed(self._run, lock=True), 0, total)
        for rows in _batches(self._run):
            done += self._write(lambda rows=rows: _settled(self._run, rows, lock=True), done, total)  # type: ignore[misc]
        row = self._row
        row.counts = {name: self._counts[name] for name in ("updated", "deactivated", "reactivated", "left")}
        row.state = SyncRun.State.DONE
        with transaction.atomic():
            self._life.finish()

    def _write(self, judged: Callable[[], list[Verdict]], done: int, total: int) -> int:
        """One batch, in one transaction: looked at under lock, written, kept. Returns how many rows it was."""
        with transaction.atomic():
            self._life.beat("restoring", min(done, total), total, at_once=True)
            verdicts = judged()
            changes = [Change(verdict.now, verdict.back) for verdict in verdicts if verdict.back]
            made = users.change_many(changes, now=self._now(), actor=self._row.actor)
            kept.keep(self._row, made)
            self._report([verdict for verdict in verdicts if verdict.left])
        self._counts.update(_what(verdict) for verdict in verdicts if verdict.back)
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


def _batches(run: SyncRun) -> Iterator[list[Kept]]:
    """The run's changes but those of user names, in portions that the index finds at once."""
    for kind in KINDS:
        last = 0
        while rows := _rows(kept.of_run(run).filter(kind=kind, pk__gt=last), BATCH):
            yield [row for row in rows if not row.renames]
            last = rows[-1].pk


def _rows(found: QuerySet[SyncChange], most: int | None = None) -> list[Kept]:
    return list(map(Kept._make, found.order_by("pk").values_list(*Kept._fields)[:most]))


def _people(pks: Iterable[int], *, lock: bool) -> dict[int, Person]:
    """Those who are there still, as they are now."""
    columns = ("pk", Coalesce(F("directory_id"), Value("")), *COLUMNS[1:])
    found: dict[int, Person] = {}
    for keys in _parts(set(pks)):
        rows = User.objects.filter(pk__in=keys).order_by("pk")
        rows = rows.select_for_update(no_key=True) if lock else rows
        found.update((row[0], Person._make(row)) for row in rows.values_list(*columns))
    return found


def _settled(run: SyncRun, rows: list[Kept], *, lock: bool) -> list[Verdict]:
    people = _people((row.user_id for row in rows), lock=lock)
    verdicts = [judge(row, people[row.user_id]) for row in rows if row.user_id in people]
    returning = {one.now.pk: one for one in verdicts if one.back and one.back.is_active and not one.now.is_active}
    for keys in _parts(returning):
        # Gone, come back and gone again looks the same, yet is not the run's doing.
        again = User.objects.filter(pk__in=keys, deactivated_at__gt=run.finished_at)
        for pk in again.values_list("pk", flat=True):
            returning[pk].back, returning[pk].left = None, Left.CHANGED_SINCE
    return verdicts


def _renamed(run: SyncRun, *, lock: bool) -> list[Verdict]:
    """All whose user name the run changed, together: names are swapped back at once, and whoever the run created under
    such a name makes room."""
    found = kept.of_run(run).exclude(kind=SyncChange.Kind.CREATED).filter(touches__contains=",username,")
    verdicts = _settled(run, _rows(found), lock=lock)
    wanted = {one.back.username: one for one in verdicts if one.back and one.back.username != one.now.username}
    if not wanted:
        return verdicts
    room = _makes_room(run, wanted, lock=lock)
    _hold_where_taken(wanted, {one.now.pk for one in room})
    given_back = {name for name, one in wanted.items() if one.back}
    return verdicts + [one for one in room if one.now.username in given_back]


def _makes_room(run: SyncRun, names: Collection[str], *, lock: bool) -> list[Verdict]:
    """People whom the run created under a name that somebody gets back."""
    created = run.changes.filter(kind=SyncChange.Kind.CREATED)
    rows = [row for part in _parts(names) for row in _rows(created.filter(user__username__in=part))]
    verdicts = [one for one in _settled(run, rows, lock=lock) if one.back]
    for one in verdicts:
        suffix = f"~{one.now.directory_id[:16]}"
        one.back = sent_away(one.now)._replace(username=one.now.username[: LONGEST - len(suffix)] + suffix)
    return verdicts


def _parts(items: Collection[Item]) -> Iterator[list[Item]]:
    """In portions that one statement can name."""
    rows = sorted(items)
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _hold_where_taken(wanted: dict[str, Verdict], makes_room: set[int]) -> None:
    """Leave those whose former name somebody else has and keeps; they then keep theirs, so others may have to wait."""
    holders: dict[str, int] = {}
    for names in _parts(wanted):
        holders.update(User.objects.filter(username__in=names).values_list("username", "pk"))
    moving = {one.now.pk for one in wanted.values()} | makes_room
    again = True
    while again:
        again = False
        for name, one in wanted.items():
            holder = holders.get(name, one.now.pk)
            if one.back and holder != one.now.pk and holder not in moving:
                one.back, one.left, again = None, Left.NAME_TAKEN, True
                moving.discard(one.now.pk)
