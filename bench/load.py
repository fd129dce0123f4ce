"""Load on one page over keep-alive connections to loopback, bounded in requests and in time."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

from bench.failures import BenchFailed

LONGEST = 60.0
"""Seconds after which no further request is begun."""

ANSWER_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked for; every answer must be 200 and contain `mark`. `cookies` has one header for each visitor."""

    port: int
    path: str
    mark: bytes
    host: str
    cookies: Sequence[str]


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it: seconds of each request, and of all together."""

    seconds: float
    latencies: list[float] = field(repr=False)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)

    @property
    def p99(self) -> float:
        return sorted(self.latencies)[(99 * len(self.latencies) - 1) // 100]


def put_on(page: Page, *, requests: int, at_a_time: int) -> Load:
    """Ask `requests` times, `at_a_time` visitors at once, each on its own connection. Raises BenchFailed on the first
    answer that is not the page."""
    tickets = count()
    deadline = time.monotonic() + LONGEST
    # All connections stand before the clock starts.
    gate = threading.Barrier(at_a_time + 1, timeout=ANSWER_WITHIN)

    def may_ask() -> bool:
        return next(tickets) < requests and time.monotonic() < deadline

    with ThreadPoolExecutor(at_a_time) as pool:
        cookies = [page.cookies[number % len(page.cookies)] for number in range(at_a_time)]
        visits = [pool.submit(_visit, page, cookie, may_ask, gate) for cookie in cookies]
        gate.wait()
        begun = time.perf_counter()
        latencies = [seconds for visit in visits for seconds in visit.result()]
        return Load(time.perf_counter() - begun, latencies)


def _visit(page: Page, cookie: str, may_ask: Callable[[], bool], gate: threading.Barrier) -> list[float]:
    link = http.client.HTTPConnection("127.0.0.1", page.port, timeout=ANSWER_WITHIN)
    try:
        link.connect()
        gate.wait()
        return list(_requests(link, page, cookie, may_ask))
    finally:
        link.close()


def _requests(
    link: http.client.HTTPConnection, page: Page, cookie: str, may_ask: Callable[[], bool]
) -> Iterator[float]:
    headers = {"Host": page.host, "Cookie": cookie}
    while may_ask():
        begun = time.perf_counter()
        link.request("GET", page.path, headers=headers)
        answer = link.getresponse()
        body = answer.read()
        yield time.perf_counter() - begun
        if answer.status != http.client.OK or page.mark not in body:
            raise BenchFailed(f"{page.path} answered {answer.status} and not the page that is measured.")
