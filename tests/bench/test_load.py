"""The load generator, against a small server of its own on loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.failures import BenchFailed
from bench.load import Load, Page, put_on


class Answering(BaseHTTPRequestHandler):
    """Says which cookie came; answers 404 under /gone."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = f"hello {self.headers['Cookie']} of {self.headers['Host']}".encode()
        with self.server.guard:  # type: ignore[attr-defined]
            self.server.seen.append((self.client_address[1], self.headers["Cookie"]))  # type: ignore[attr-defined]
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.guard = threading.Lock()
        self.seen: list[tuple[int, str]] = []


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def page(server: Server, *, path: str = "/", mark: bytes = b"hello") -> Page:
    return Page(server.server_port, path, mark, "portal.test", ["session=a", "session=b"])


def test_exactly_as_many_requests_are_made_as_were_asked_for(server: Server) -> None:
    load = put_on(page(server), requests=25, at_a_time=4)
    assert len(load.latencies) == len(server.seen) == 25
    assert load.per_second > 0


def test_each_visitor_keeps_one_connection_and_one_cookie(server: Server) -> None:
    put_on(page(server), requests=40, at_a_time=2)
    visitors = set(server.seen)
    assert len(visitors) <= 2
    assert {cookie for _, cookie in visitors} <= {"session=a", "session=b"}


def test_an_answer_that_is_not_the_page_ends_the_measurement(server: Server) -> None:
    with pytest.raises(BenchFailed, match="/gone answered 404"):
        put_on(page(server, path="/gone"), requests=10, at_a_time=2)
    with pytest.raises(BenchFailed, match="answered 200"):
        put_on(page(server, mark=b"somebody else"), requests=10, at_a_time=2)


def test_the_slowest_of_a_hundred_is_not_the_slowest_of_all() -> None:
    load = Load(1.0, [float(number) for number in range(1, 201)])
    assert (load.median, load.p99, load.per_second) == (100.5, 198.0, 200.0)
    assert Load(1.0, [3.0]).p99 == 3.0
