"""Reads many records on all cores, while the caller goes on asking the directory. Pure: no Django, no tables.

The processes are new ones that know nothing but this room's pure modules: they inherit no connection, no secret of the
environment, and work below a Celery worker too, whose processes may not have children of multiprocessing. They end
when their input does, so also when this process is killed.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from accounts.directory import wire
from accounts.directory.entries import Sighting, Unreadable
from accounts.directory.numbers import choose
from accounts.directory.pipes import Child, wait
from accounts.directory.readers.profiles import Profile
from accounts.directory.readers.records import Unread
from accounts.directory.wire import Parsed
from accounts.phones import Rules

ROOT = Path(__file__).resolve().parent.parent.parent
BATCH = 250
FEW = 3000
"""So many records are read here before other processes are worth their start (0.3 s)."""
WAITING = 40
"""Batches that may wait for a process; more would only hold memory, and this process then helps."""
IN_FLIGHT = 2
MOST_PROCESSES = 8
ENDS_WITHIN = 2.0
log = logging.getLogger("accounts.directory")


@dataclass(slots=True)
class Batch:
    """Some records, and what was read of them when that is done. `sent` is what a process was asked to read."""

    items: list[tuple[Sighting, str]]
    parsed: list[Parsed] | None = None
    sent: list[tuple[Unread, str]] = field(default_factory=list)

    def read_here(self, rules: Rules) -> None:
        self.parsed = [parse(sighting, rules, before) for sighting, before in self.items]

    def can_be_sent(self, profile: Profile) -> bool:
        """Whether a process that knows one profile can read all of it."""
        found = [(sighting.record, before) for sighting, before in self.items]
        self.sent = [(one, before) for one, before in found if isinstance(one, Unread) and one.profile is profile]
        return len(self.sent) == len(found)


def parse(sighting: Sighting, rules: Rules, before: str) -> Parsed:
    """Read one record here and now."""
    record = sighting.record()
    return Parsed(record, None if isinstance(record, Unreadable) else choose(record, rules, before=before))


class Parser:
    """Takes sightings, gives what they are in the same order. Use it with `with`: its processes end with the block.

    `processes` are the ones beside this one; None is one for each further core.
    """

    def __init__(self, rules: Rules, *, processes: int | None = None, few: int = FEW) -> None:
        self._rules, self._few = rules, few
        self._wanted = min(len(os.sched_getaffinity(0)) - 1, MOST_PROCESSES) if processes is None else processes
        self._profile: Profile | None = None
        self._children: list[Child[Batch]] = []
        self._collected: list[tuple[Sighting, str]] = []
        self._order: deque[Batch] = deque()
        self._pending: deque[Batch] = deque()
        self._submitted = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def submit(self, sightings: Iterable[tuple[Sighting, str]]) -> None:
        """Have records read, each with the number of its person that counted before. Waits only for its own work."""
        self._collected += sightings
        while len(self._collected) >= BATCH:
            self._queue(self._collected[:BATCH])
            del self._collected[:BATCH]
        self._move()
        while len(self._pending) > WAITING:
            self._pending.popleft().read_here(self._rules)
            self._move()

    def ready(self) -> list[Parsed]:
        """What is read by now, in the order of submission; each result is given once. Does not wait."""
        self._move()
        done: list[Parsed] = []
        while self._order and (parsed := self._order[0].parsed) is not None:
            self._order.popleft()
            done += parsed
        return done

    def finish(self) -> Iterator[Parsed]:
        """The results of everything submitted that `ready` has not given."""
        if self._collected:
            self._queue(self._collected)
            self._collected = []
        while self._order:
            yield from self.ready()
            if self._pending:
                self._pending.popleft().read_here(self._rules)
            elif self._order and self._order[0].parsed is None:
                wait(self._children)

    def close(self) -> None:
        """End the processes, whatever they do."""
        for child in self._children:
            child.end(ENDS_WITHIN)
        self._children = []

    def _queue(self, items: list[tuple[Sighting, str]]) -> None:
        batch = Batch(items)
        self._order.append(batch)
        self._submitted += len(items)
        if self._submitted > self._few and self._wanted > 0:
            self._start(items[0][0])
        if self._children:
            self._pending.append(batch)
        else:
            batch.read_here(self._rules)

    def _start(self, sighting: Sighting) -> None:
        """Start the processes, once. Where they cannot be started, everything is read here."""
        if self._profile is not None or not isinstance(sighting.record, Unread):
            return
        self._profile = sighting.record.profile
        settings = wire.pack_settings(self._rules, self._profile)
        for _ in range(self._wanted):
            with suppress(OSError, ValueError):
                self._children.append(Child(_process(), settings))

    def _move(self) -> None:
        """Send what can be sent, take what has come, without waiting."""
        for child in self._children:
            for batch, text in child.received():
                batch.parsed = wire.unpack_parsed(text, batch.sent)
            while self._pending and child.alive and len(child.waiting) < IN_FLIGHT:
                self._hand_over(self._pending.popleft(), child)
            child.write()
        for child in [child for child in self._children if not child.alive]:
            self._mourn(child)

    def _hand_over(self, batch: Batch, child: Child[Batch]) -> None:
        if self._profile is not None and batch.can_be_sent(self._profile):
            child.send(batch, wire.pack_batch(batch.sent))
        else:
            batch.read_here(self._rules)

    def _mourn(self, child: Child[Batch]) -> None:
        """A process that ended early leaves its work to this one."""
        log.warning("a process that reads records ended early; its work is done here")
        self._children.remove(child)
        child.end(ENDS_WITHIN)
        unfinished = [*child.waiting, *(() if self._children else self._pending)]
        for batch in unfinished:
            batch.read_here(self._rules)
        if not self._children:
            self._pending.clear()


def _process() -> subprocess.Popen[bytes]:
    """A process of this portal's Python that has the pure modules and nothing else of this one."""
    command = [sys.executable or "python3", "-P", "-m", "accounts.directory.parsing_process"]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PATH": os.defpath}
    return subprocess.Popen(  # noqa: S603  # this Python, and a module of ours
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd="/",
        close_fds=True, bufsize=0,
    )  # fmt: skip
