"""A foreign RADIUS service's log, read line by line: requests paired with their results by thread. Pure.

The form is that of `MultiFactorAuthRadiusSvc.log`: `time|level|process|thread|component|message`, with the messages
`Calling pfAuthUser('domain\\user', '', n)`, `authResult = n` and `rawCallStatus = n`. All else is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts import names

CALLING = "Calling pfAuthUser("
CALL = re.compile(re.escape(CALLING) + r"'(.*?)'(?:, '|\))")
RESULT = re.compile(r"\bauthResult = (-?\d{1,9})\b")
RAW = re.compile(r"\brawCallStatus = (-?\d{1,9})\b")
LONGEST_LINE = 4000
COLUMNS = 6


@dataclass(slots=True)
class Request:
    """One call and how it ended. `username` is as the log has it, `person` one spelling without the domain; `result`
    is None where the log ends before the answer. `seconds_since` is set for a second prompt: how soon it followed."""

    line: int
    username: str
    at: datetime | None
    ended_at: datetime | None = None
    result: int | None = None
    raw: int | None = None
    seconds_since: float | None = None

    @property
    def person(self) -> str:
        return names.normalise(self.username.rpartition("\\")[2].partition("@")[0])


@dataclass(slots=True)
class Reading:
    """What a log told: its requests in order, how many lines there were, how many had the form, and how many results
    came without the call that they belong to, as where a log begins or lines are cut."""

    requests: list[Request] = field(default_factory=list)
    lines: int = 0
    readable: int = 0
    orphans: int = 0


def read(lines: Iterable[str]) -> Reading:
    """All requests of a log. Lines of another form are counted and passed over."""
    reading, open_by_thread = Reading(), dict[str, Request]()
    for number, line in enumerate(lines, start=1):
        reading.lines = number
        parts = line[:LONGEST_LINE].rstrip("\r\n").split("|", COLUMNS - 1)
        if len(parts) < COLUMNS:
            continue
        reading.readable += 1
        _note(reading, open_by_thread, number, moment(parts[0]), "|".join(parts[2:4]), parts[5])
    return reading


def mark_doubles(requests: Iterable[Request], *, within: timedelta, accepted: frozenset[int]) -> int:
    """Set `seconds_since` of each request that was accepted within the time after another of the same person, which was
    accepted too; returns how many those are."""
    last: dict[str, datetime] = {}
    found = 0
    for request in requests:
        at = request.ended_at or request.at
        if request.result not in accepted or at is None:
            continue
        before = last.get(request.person)
        if before is not None and timedelta(0) <= at - before <= within:
            request.seconds_since = (at - before).total_seconds()
            found += 1
        last[request.person] = at
    return found


def moment(text: str) -> datetime | None:
    """The time at the head of a line, without its zone: a log has one; None where it is none."""
    try:
        return datetime.fromisoformat(text.strip().replace("/", "-")).replace(tzinfo=None)
    except ValueError:
        return None


def _note(
    reading: Reading, waiting: dict[str, Request], number: int, at: datetime | None, thread: str, message: str
) -> None:
    """A thread has one request at a time: its result belongs to the call before it, and to none where that was cut."""
    if CALLING in message:
        call = CALL.search(message)
        waiting.pop(thread, None)
        if call:
            waiting[thread] = Request(number, call[1].replace("\\\\", "\\").replace("''", "'"), at)
            reading.requests.append(waiting[thread])
        return
    for pattern, name in ((RESULT, "result"), (RAW, "raw")):
        found = pattern.search(message)
        if found and not _ends(waiting.get(thread), name, int(found[1]), at):
            waiting.pop(thread, None)
            reading.orphans += name == "result"


def _ends(request: Request | None, name: str, value: int, at: datetime | None) -> bool:
    """Give the request its number; False where it has another one already, so that this one is not its own."""
    if request is None or getattr(request, name) not in (None, value):
        return False
    setattr(request, name, value)
    request.ended_at = at
    return True
