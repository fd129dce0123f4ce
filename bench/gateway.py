"""A long run of a gateway at full rate through two real FreeRADIUS servers and the interface, with directory runs,
resets and messages beside it: PostgreSQL, Redis, worker and beat, a real Kannel and a mail server.

Every request must have exactly one row of the log, with its verdict; nobody is accepted who should be refused, no code
twice; each message leaves once; the memory of the web workers stays flat. FreeRADIUS holds no
refusal back here (`reject_delay = 0`), since a generator that waits for them would not be at full rate.
"""

from __future__ import annotations

import argparse
import logging
import statistics
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bench.failures import BenchFailed
from bench.gateway_journal import MOST_SHOWN, Lives, Sent, fulfilled, unlogged, wrong
from bench.gateway_world import running
from bench.memory import Memory
from bench.options import add_count, at_least_one
from bench.rows import Row, Target

WORDS = "a gateway at full rate through FreeRADIUS beside syncs, resets and messages: counts, verdicts, memory"

ONE_TO_ONE, FULFILLED, FLAT = Target("=", 1), Target(">=", 0.999), Target("<=", 1.05)


def add_options(parser: argparse.ArgumentParser) -> None:
    add_count(parser, "minutes", 10, "how long")
    parser.add_argument("--seconds", type=at_least_one, metavar="N", help="so long instead, for a try")
    add_count(parser, "people", 12000, "people, whose apps show one code each 30 seconds")
    add_count(parser, "at-a-time", 16, "requests at once")


def measure(options: argparse.Namespace) -> list[Row]:
    """Raises BenchFailed, MissingProgram or ServerFailed."""
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # the mail server's library warns at each mail
    with running(options.people) as world:
        seconds = options.seconds or 60.0 * options.minutes
        with Memory(world.web.pid) as memory, world.beside() as lives:
            journal = world.put_on(options.at_a_time, lives, seconds)
        world.wait_until_all_left()
        found = world.product.inside("gateway_rows")
        messages = world.messages(found["sent"])
    mistakes = [*wrong(journal, lives), *unlogged(journal, found["rows"]), *_undelivered(found, messages)]
    if mistakes:
        shown = [*mistakes[:MOST_SHOWN], f"{len(mistakes)} in all, of {len(journal)} requests"]
        raise BenchFailed("\n".join(["The soak found what may not be:", *shown]))
    return _rows(journal, lives, found, memory, seconds)


def _undelivered(found: dict[str, Any], messages: dict[str, Counter[str]]) -> Iterator[str]:
    for state, count in found["states"].items():
        if state not in ("sent", "delivered"):
            yield f"{count} messages ended as {state}"
    for channel, sent in found["sent"].items():
        for recipient in sent.keys() | messages[channel].keys():
            if sent.get(recipient, 0) != messages[channel][recipient]:
                yield f"{sent.get(recipient, 0)} sent and {messages[channel][recipient]} arrived: {channel} {recipient}"


def _rows(journal: list[Sent], lives: Lives, found: dict[str, Any], memory: Memory, seconds: float) -> list[Row]:
    right, known = fulfilled(journal, lives)
    times = sorted(1000 * (sent.heard_at - sent.sent_at) for sent in journal)
    logged = sum(map(len, found["rows"].values()))
    acts = sum(life.died[0] < float("inf") for life in lives.of.values())
    rows = [
        Row("rows of the log beside requests sent", logged, len(journal), "", ONE_TO_ONE),
        Row("requests that heard the one right answer", right, known, "", FULFILLED),
        Row("requests", len(journal) / seconds, unit="/s"),
        Row("slowest of 100 beside the median", times[99 * len(times) // 100], statistics.median(times), "ms"),
        Row("resets and leavers meanwhile", acts),
        Row("messages that left, each once", sum(sum(one.values()) for one in found["sent"].values())),
    ]
    for place, (second, last) in enumerate(memory.thirds().values(), 1):
        rows.append(Row(f"memory of web worker {place}, last third beside second", last, second, "MiB", FLAT))
    return rows
