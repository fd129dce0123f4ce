"""What the load generator keeps of every request, and what may not be among it. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

ACCEPT, REJECT, QUESTION, SILENCE = 2, 3, 11, 0
"""Codes of RADIUS packets (RFC 2865 section 3), and none."""
MOST_SHOWN = 10


@dataclass(slots=True)
class Sent:
    """One request: `must` is the packet that answers it while nothing changes the person, `key` and `step` name the
    code that was typed, where it was an app's. `also` is what a second server answered to the same packet."""

    request_id: str
    person: str
    must: int
    key: str = ""
    step: int = 0
    sent_at: float = 0.0
    heard_at: float = 0.0
    heard: int = SILENCE
    also: int | None = None


@dataclass(slots=True)
class Life:
    """Between which moments an app began to count, and ended; what lies within either pair may go either way."""

    born: tuple[float, float] = (-math.inf, -math.inf)
    died: tuple[float, float] = (math.inf, math.inf)

    def at(self, sent: Sent) -> bool | None:
        """Whether the app counted while the request was judged; None where that cannot be said."""
        if sent.sent_at > self.died[1] or sent.heard_at < self.born[0]:
            return False
        return True if sent.sent_at > self.born[1] and sent.heard_at < self.died[0] else None


@dataclass
class Lives:
    """What was done to people meanwhile, told act by act as the process beside says them."""

    first_key: str
    of: dict[tuple[str, str], Life] = field(default_factory=dict)
    present: dict[str, str] = field(default_factory=dict)

    def tell(self, act: Mapping[str, object]) -> None:
        person, span = str(act["person"]), (float(str(act["from"])), float(str(act["until"])))
        if act["act"] in ("reset", "left"):
            self.of.setdefault((person, self.present.get(person, self.first_key)), Life()).died = span
        elif act["act"] == "set-up":
            self.present[person] = str(act["secret"])
            self.of[person, str(act["secret"])] = Life(born=span)

    def must(self, sent: Sent) -> int | None:
        """The one right answer; None where either is."""
        life = self.of.get((sent.person, sent.key), Life())
        counted = life.at(sent) if sent.key else True
        if counted is None:
            return None if sent.must == ACCEPT else sent.must
        return sent.must if counted else REJECT


def wrong(journal: Sequence[Sent], lives: Lives) -> Iterator[str]:
    """What may never be: an acceptance that should have been a refusal, a code accepted twice, two servers that say
    different things of one request, a request that nobody answered."""
    accepted = Counter((sent.person, sent.key, sent.step) for sent in journal if sent.heard == ACCEPT and sent.key)
    yield from (f"{one[0]}: the code of step {one[2]} was accepted {n} times" for one, n in accepted.items() if n > 1)
    for sent in journal:
        if sent.heard == ACCEPT and lives.must(sent) not in (ACCEPT, None):
            yield f"{sent.person}: {sent.request_id} was accepted and should have been refused"
        if sent.heard == SILENCE:
            yield f"{sent.person}: {sent.request_id} was not answered"
        if sent.also not in (None, sent.heard):
            yield f"{sent.person}: {sent.request_id} was answered {sent.heard} here and {sent.also} there"


def unlogged(journal: Sequence[Sent], rows: Mapping[str, Sequence[bool]]) -> Iterator[str]:
    """Requests and rows of the log that are not each other's, one to one, with the same verdict."""
    by_id: dict[str, list[Sent]] = defaultdict(list)
    for sent in journal:
        by_id[sent.request_id].append(sent)
    for request_id in by_id.keys() | rows.keys():
        requests, found = by_id.get(request_id, []), rows.get(request_id, [])
        if len(requests) != 1 or len(found) != 1:
            yield f"{request_id or 'no request'}: {len(requests)} sent, {len(found)} rows"
        elif (requests[0].heard == ACCEPT) != found[0]:
            yield f"{request_id}: answered {requests[0].heard}, logged as accepted: {found[0]}"


def fulfilled(journal: Iterable[Sent], lives: Lives) -> tuple[int, int]:
    """How many requests heard the one right answer, of how many that have one."""
    judged = [(lives.must(sent), sent.heard) for sent in journal]
    known = [(must, heard) for must, heard in judged if must is not None]
    return sum(must == heard for must, heard in known), len(known)
