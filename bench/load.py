"""Load on one address on loopback, over keep-alive connections or by RADIUS, bounded in requests and in time."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

from bench.failures import BenchFailed

LONGEST = 60.0
"""Seconds after which no further request is begun."""

ANSWER_WITHIN = 30.0
ACCEPT = 2
"""The code of an Access-Accept (RFC 2865 section 3)."""


class Door(Protocol):
    """Where requests go. A visitor keeps one link for all of its own."""

    @property
    def path(self) -> str: ...

    def connect(self) -> Any:
        """A link that stands, to be closed with `close`."""

    def ask(self, link: Any, visitor: int, number: int) -> tuple[int, bool]:
        """The status of the answer, and whether it is the right one."""


def http_link(port: int) -> http.client.HTTPConnection:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_WITHIN)
    link.connect()
    return link


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked for; every answer must be 200 and contain `mark`. `cookies` has one header for each visitor."""

    port: int
    path: str
    mark: bytes
    host: str
    cookies: Sequence[str]

    def connect(self) -> http.client.HTTPConnection:
        return http_link(self.port)

    def ask(self, link: http.client.HTTPConnection, visitor: int, number: int) -> tuple[int, bool]:
        """The status of the answer, and whether it is the right one."""
        headers = {"Host": self.host, "Cookie": self.cookies[visitor % len(self.cookies)]}
        link.request("GET", self.path, headers=headers)
        answer = link.getresponse()
        return answer.status, self.mark in answer.read() and answer.status == http.client.OK


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


@dataclass(frozen=True, slots=True)
class Post:
    """What is sent: JSON that `body` makes for the number of the request. Every answer must be 200 and contain `mark`,
    its blanks left out."""

    port: int
    path: str
    mark: bytes
    headers: Mapping[str, str]
    body: Callable[[int], object]

    def connect(self) -> http.client.HTTPConnection:
        return http_link(self.port)

    def ask(self, link: http.client.HTTPConnection, visitor: int, number: int) -> tuple[int, bool]:
        """As a page's."""
        content = json.dumps(self.body(number))
        link.request("POST", self.path, content, {**self.headers, "Content-Type": "application/json"})
        answer = link.getresponse()
        right = self.mark in answer.read().replace(b" ", b"")
        return answer.status, right and answer.status == http.client.OK


@dataclass(frozen=True, slots=True)
class Packets:
    """Access-Requests as they go over the wire, one for each request; every answer must be an Access-Accept."""

    port: int
    packets: Sequence[bytes] = field(repr=False)
    path: str = "FreeRADIUS"

    def connect(self) -> socket.socket:
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.settimeout(ANSWER_WITHIN)
        link.connect(("127.0.0.1", self.port))
        return link

    def ask(self, link: socket.socket, visitor: int, number: int) -> tuple[int, bool]:
        """As a page's; the status is the code of the packet."""
        link.send(self.packets[number])
        status = link.recv(4096)[0]
        return status, status == ACCEPT


def put_on(page: Door, *, requests: int, at_a_time: int) -> Load:
    """Ask `requests` times, `at_a_time` visitors at once, each on its own connection. Raises BenchFailed on the first
    answer that is not the page."""
    tickets = count()
    deadline = time.monotonic() + LONGEST
    # All connections stand before the clock starts.
    gate = threading.Barrier(at_a_time + 1, timeout=ANSWER_WITHIN)

    def ticket() -> int | None:
        number = next(tickets)
        return number if number < requests and time.monotonic() < deadline else None

    with ThreadPoolExecutor(at_a_time) as pool:
        visits = [pool.submit(_visit, page, visitor, ticket, gate) for visitor in range(at_a_time)]
        gate.wait()
        begun = time.perf_counter()
        latencies = [seconds for visit in visits for seconds in visit.result()]
        return Load(time.perf_counter() - begun, latencies)


def _visit(page: Door, visitor: int, ticket: Callable[[], int | None], gate: threading.Barrier) -> list[float]:
    link = page.connect()
    try:
        gate.wait()
        return list(_requests(link, page, visitor, ticket))
    finally:
        link.close()


def _requests(link: Any, page: Door, visitor: int, ticket: Callable[[], int | None]) -> Iterator[float]:
    while (number := ticket()) is not None:
        begun = time.perf_counter()
        status, right = page.ask(link, visitor, number)
        yield time.perf_counter() - begun
        if not right:
            raise BenchFailed(f"{page.path} answered {status}, and something else than what is measured.")
