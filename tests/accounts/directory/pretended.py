"""A directory in memory with a history, which tells what changed in one of the ways that real servers have."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from accounts.directory.entries import Flaw, Problem, Record, Sighting, Unreadable
from accounts.directory.readers import Changes, Position, PositionLost
from tests.accounts.directory.samples import entry, sighted

Kind = Literal["told", "stamped", "numbered"]
"""As syncrepl does, as modifyTimestamp does, as uSNChanged with tombstones does."""
OVERLAP = 2


@dataclass
class Account:
    """An entry, inside the searched branch or outside; `touched` is when it was written last."""

    username: str
    mobile: tuple[str, ...] = ()
    enabled: bool = True
    inside: bool = True
    touched: int = 0


@dataclass
class Pretended:
    """`accounts` by id. Each write has a number of its own; `forgets` lets it lose its log and count instead."""

    kind: Kind
    accounts: dict[str, Account] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    clock: int = 1
    generation: int = 0
    log_from: int = 0

    def write(self, directory_id: str, account: Account) -> None:
        self.clock += 1
        account.touched = self.clock
        before = self.accounts.get(directory_id)
        if before and before.inside and not account.inside:
            self.left[directory_id] = self.clock
        self.accounts[directory_id] = account

    def delete(self, directory_id: str) -> None:
        self.clock += 1
        if self.accounts.pop(directory_id, None):
            self.left[directory_id] = self.clock

    def forget_log(self) -> None:
        self.log_from = self.clock + 1

    def become_another(self) -> None:
        """As a restored backup, or another server behind the same name."""
        self.generation += 1

    @property
    def source(self) -> str:
        return "pretended"

    def records(self) -> dict[str, Record]:
        return {key: _record(key, account) for key, account in self.accounts.items() if account.inside}

    def batches(self) -> Iterator[list[Sighting]]:
        yield [sighted(record) for record in self.records().values()]

    @contextlib.contextmanager
    def follow(self) -> Iterator[Pretended]:
        yield self

    def position(self, *, now: datetime) -> Position:
        return {"kind": self.kind, "at": self.clock, "generation": self.generation}

    def changes(self, since: Position, *, now: datetime) -> Changes:
        if since["generation"] != self.generation:
            raise PositionLost("it is another server")
        at, here = since["at"] - (OVERLAP if self.kind == "stamped" else 0), self.records()
        seen = [sighted(here[key]) for key, account in self.accounts.items() if key in here and account.touched > at]
        changes = Changes(self.position(now=now), seen)
        if self.kind == "stamped" or (self.kind == "told" and at < self.log_from <= self.clock + 1):
            changes.present = set(here)
        elif self.kind == "told":
            changes.gone = {key for key, when in self.left.items() if when > at and key not in here}
        else:
            touched = {key for key, account in self.accounts.items() if account.touched > at and key not in here}
            changes.gone = touched | {key for key, when in self.left.items() if when > at}
        return changes

    def find(self, ids: Collection[str], dns: Collection[str] = ()) -> list[Sighting]:
        return [sighted(record) for key, record in self.records().items() if key in ids or record.dn in dns]

    def shows_anybody(self) -> bool:
        return bool(self.records())


def _record(directory_id: str, account: Account) -> Record:
    record = entry(directory_id, account.username, *account.mobile, enabled=account.enabled)
    if not account.username:
        return Unreadable(directory_id, record.dn, "", Problem(Flaw.NO_USERNAME))
    return record
