"""What an undo would do, before it is done: the whole run is counted once, and each page judges its own rows alone."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from accounts.directory import configuration
from accounts.directory.judging import Judge
from accounts.directory.owners import Owners
from accounts.directory.verdicts import Left, Verdict
from accounts.models import SyncRun


@dataclass(slots=True)
class Outlook:
    """How many of each kind an undo would restore, how many it would leave and why, as of a moment; with the changes by
    primary key (8 bytes each), in the order they are judged in, so that a page is found by its place."""

    at: datetime
    restored: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    to_restore: array[int] = field(default_factory=lambda: array("q"))
    to_leave: array[int] = field(default_factory=lambda: array("q"))
    why: dict[int, Left] = field(default_factory=dict)
    renames: bool = False

    def restore(self, pk: int, what: str) -> None:
        self.restored[what] += 1
        self.to_restore.append(pk)

    def leave(self, pk: int, why: Left) -> None:
        self.left[why] += 1
        self.to_leave.append(pk)
        if why is not Left.CHANGED_SINCE:
            self.why[pk] = why


def count(run: SyncRun, *, now: datetime) -> Outlook:
    """Judge the whole run, without a write."""
    outlook, owners = Outlook(now), Owners() if configuration.policy(now).sharing == "refuse" else None
    waiting: list[tuple[int, int, str]] = []
    for portion in Judge(run).portions():
        verdicts = portion()
        if owners:
            owners.note(verdicts)
            waiting += [(one.row.pk, one.now.pk, one.what) for one in verdicts if one.back]
        for one in verdicts:
            if one.left:
                outlook.leave(one.row.pk, one.left)
            elif one.back and not owners:
                outlook.restore(one.row.pk, one.what)
        outlook.renames |= any(one.back and one.back.username != one.now.username for one in verdicts)
    if owners:
        _settle(outlook, owners, waiting)
    return outlook


def _settle(outlook: Outlook, owners: Owners, waiting: list[tuple[int, int, str]]) -> None:
    """What becomes of those whose number others may have is known when everybody was looked at."""
    owners.settle()
    for pk, person, what in waiting:
        if person in owners.kept_from:
            outlook.leave(pk, Left.NUMBER_TAKEN)
        else:
            outlook.restore(pk, what)


def page(run: SyncRun, outlook: Outlook, *, left: bool, first: int, most: int) -> list[Verdict]:
    """Some of those to be restored, or to be left, as they are at this moment."""
    pks = (outlook.to_leave if left else outlook.to_restore)[first : first + most].tolist()
    judge = Judge(run)
    found = judge.some(pks)
    if outlook.renames:
        found |= {one.row.pk: one for one in judge.renamed()}
    for pk in outlook.why.keys() & found.keys():
        found[pk].back, found[pk].left = None, outlook.why[pk]
    return [found[pk] for pk in pks if pk in found]
