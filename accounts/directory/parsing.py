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
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from accounts.directory import wire
from accounts.directory.entries import Record, Sighting
from accounts.directory.newcomers import Newcomers
from accounts.directory.pipes import Child, wait
from accounts.directory.readers.profiles import Profile
from accounts.directory.readers.records import Unread
from accounts.directory.reading import Reading
from accounts.directory.wire import Answer, Parsed
from accounts.people import Person
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
    """Some records, each with the person known by that id, and what is in them when that is read."""

    items: list[tuple[Sighting, Person | None]]
    answer: Answer | None = None

    def read_here(self, reading: Reading) -> None:
        self.answer = reading.answer(self._questions())

    def packed(self, profile: Profile) -> bytes | None:
        """For a process that knows one profile; None where it could not read all of it."""
        asked = [(one, before) for one, before in self._questions() if isinstance(one, Unread)]
        if len(asked) < len(self.items) or any(one.profile is not profile for one, _ in asked):
            return None
        return wire.pack_batch(asked)

    def _questions(self) -> Iterator[tuple[Callable[[], Record], str | None]]:
        return ((sighting.record, person.directory_phone if person else None) for sighting, person in self.items)


class Read(NamedTuple):
    """What some records are. Of those that cannot be used and of people known, one by one, with the person if any; of
    people who are new, all together."""

    each: list[tuple[Parsed, Person | None]]
    newcomers: Newcomers


class Parser:
    """Takes sightings, gives what they are in the same order. Use it with `with`: its processes end with the block.

    `processes` are the ones beside this one; None is one for each further core.
    """

    def __init__(self, rules: Rules, *, processes: int | None = None, few: int = FEW) -> None:
        self._rules, self._reading, self._few = rules, Reading(rules), few
        self._wanted = min(len(os.sched_getaffinity(0)) - 1, MOST_PROCESSES) if processes is None else processes
        self._profile: Profile | None = None
        self._children: list[Child[Batch]] = []
        self._collected: list[tuple[Sighting, Person | None]] = []
        self._order: deque[Batch] = deque()
        self._pending: deque[Batch] = deque()
        self._submitted = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def submit(self, sightings: Iterable[tuple[Sighting, Person | None]]) -> None:
        """Have records read, each with the person known by that id. Waits only for its own work."""
        self._collected += sightings
        while len(self._collected) >= BATCH:
            self._queue(self._collected[:BATCH])
            del self._collected[:BATCH]
        self._move()
        while len(self._pending) > WAITING:
            self._pending.popleft().read_here(self._reading)
            self._move()

    def ready(self) -> list[Read]:
        """What is read by now, in the order of submission; each result is given once. Does not wait."""
        self._move()
        done: list[Read] = []
        while self._order and (answer := self._order[0].answer) is not None:
            items = self._order.popleft().items
            done.append(Read([(parsed, items[parsed.at][1]) for parsed in answer.parsed], answer.newcomers))
        return done

    def finish(self) -> Iterator[Read]:
        """The results of everything submitted that `ready` has not given."""
        if self._collected:
            self._queue(self._collected)
            self._collected = []
        while self._order:
            yield from self.ready()
            if self._pending:
                self._pending.popleft().read_here(self._reading)
            elif self._order and self._order[0].answer is None:
                wait(self._children)

    def close(self) -> None:
        """End the processes, whatever they do."""
        for child in self._children:
            child.end(ENDS_WITHIN)
        self._children = []

    def _queue(self, items: list[tuple[Sighting, Person | None]]) -> None:
        batch = Batch(items)
        self._order.append(batch)
        self._submitted += len(items)
        if self._submitted > self._few and self._wanted > 0:
            self._start(items[0][0])
        if self._children:
            self._pending.append(batch)
        else:
            batch.read_here(self._reading)

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
                batch.answer = wire.unpack_answer(text)
            while self._pending and child.alive and len(child.waiting) < IN_FLIGHT:
                self._hand_over(self._pending.popleft(), child)
            child.write()
        for child in [child for child in self._children if not child.alive]:
            self._mourn(child)

    def _hand_over(self, batch: Batch, child: Child[Batch]) -> None:
        if self._profile is not None and (packed := batch.packed(self._profile)) is not None:
            child.send(batch, packed)
        else:
            batch.read_here(self._reading)

    def _mourn(self, child: Child[Batch]) -> None:
        """A process that ended early leaves its work to this one."""
        log.warning("a process that reads records ended early; its work is done here")
        self._children.remove(child)
        child.end(ENDS_WITHIN)
        unfinished = [*child.waiting, *(() if self._children else self._pending)]
        for batch in unfinished:
            batch.read_here(self._reading)
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
