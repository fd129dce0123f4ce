"""Clients that begin a request and do not end it, where no proxy stands in front."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterator

import pytest
from gunicorn.http.unreader import SocketUnreader

from portal.web_worker import Whole
from tests.portal.server import Portal, served

pytestmark = pytest.mark.service("processes")

THREADS = 2
HALF_A_HEADER = b"GET /sign-in/ HTTP/1.1\r\nHost: portal.test\r\nX-Slow: "
COOKIE = "a" * 32
FORM = f"csrfmiddlewaretoken={COOKIE}&username=nobody&password=wro"
"""Of one that ends with "wrong"."""
HALF_A_BODY = (
    "POST /sign-in/ HTTP/1.1\r\nHost: portal.test\r\nX-Forwarded-Proto: https\r\nOrigin: https://portal.test\r\n"
    f"Cookie: __Host-csrf={COOKIE}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    f"Content-Length: {len(FORM) + 2}\r\n\r\n{FORM}"
).encode()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with served(tmp_path_factory.mktemp("portal"), {"WEB_THREADS": str(THREADS)}) as running:
        yield running


@pytest.mark.row("F-16")
@pytest.mark.parametrize("half", [HALF_A_HEADER, HALF_A_BODY], ids=["header", "body"])
def test_half_a_request_holds_no_thread_for_ever(portal: Portal, half: bytes) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(THREADS):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", portal.port), timeout=20))
            client.sendall(half)
        assert portal.get("/health/live").status_code == 200
    assert not [record for record in portal.log_records() if record["level"] == "ERROR"]


@pytest.mark.row("F-16")
def test_a_form_that_ended_early_is_not_acted_upon(portal: Portal) -> None:
    with socket.create_connection(("127.0.0.1", portal.port), timeout=20) as client:
        client.sendall(HALF_A_BODY)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(4096).startswith(b"HTTP/1.1 403")


@pytest.mark.row("F-16")
def test_a_connection_that_is_kept_serves_one_request_after_the_other(portal: Portal) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=20)
    with contextlib.closing(connection):
        connection.connect()
        first = connection.sock
        for _ in range(3):
            connection.request("GET", "/health/live", headers={"Host": "portal.test"})
            assert connection.getresponse().read() == b'{"status": "ok"}'
        assert connection.sock is first


@pytest.mark.parametrize("body", [b"", b"abcdef"])
def test_what_was_received_whole_has_all_time_for_its_answer(body: bytes) -> None:
    """Else the next request on a connection that a proxy keeps would be lost with it."""
    here, there = socket.socketpair()
    with here, there:
        there.sendall(body)
        whole: list[bool] = []
        reader = Whole(SocketUnreader(here), len(body), lambda: whole.append(True))
        assert reader.read(4) == body[:4]
        assert bool(whole) is (not body)
        reader.read(4)
        assert whole == [True]
