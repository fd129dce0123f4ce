"""Whatever a portal that is broken, half up or somebody else's answers, FreeRADIUS accepts nobody."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.services.servers.freeradius import FreeRadius, freeradius_server
from tests.services.started import started

ACCEPT = {"control:Auth-Type": "Accept", "reply:Reply-Message": "welcome"}
PATIENCE = 2.0
"""Seconds that FreeRADIUS waits here: the 6 seconds that are shipped would only make the tests slower."""
QUESTION = ACCEPT | {"control:Response-Packet-Type": "Access-Challenge", "reply:State": "0x616263"}


@dataclass
class Pretender:
    """Answers every request with what the test set."""

    status: int = 200
    body: bytes = b""
    delay: float = 0.0
    short_by: int = 0
    content: str = "application/json"
    asked: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    def say(self, status: int, body: bytes | dict[str, Any], **more: Any) -> None:
        self.__dict__.update({"delay": 0.0, "short_by": 0, "status": status, "content": "application/json"} | more)
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture(scope="module")
def pretender() -> Iterator[Pretender]:
    state = Pretender()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            time.sleep(state.delay)
            self.send_response(state.status)
            self.send_header("Content-Type", state.content)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body[: len(state.body) - state.short_by])

        def log_message(self, *arguments: object) -> None:
            pass

        def handle(self) -> None:
            with_broken_pipes_expected(super().handle)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    state.port = server.server_port
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def with_broken_pipes_expected(handle: Any) -> None:
    """FreeRADIUS hangs up on some of what it hears here."""
    try:
        handle()
    except (BrokenPipeError, ConnectionResetError):
        return


@pytest.fixture(scope="module")
def radius(pretender: Pretender) -> Iterator[FreeRadius]:
    with started(
        freeradius_server(f"http://127.0.0.1:{pretender.port}", "000000000000.key", patience=PATIENCE)
    ) as server:
        yield server
        # Two tests below are accepted; no answer that a test did not wait for may have accepted somebody.
        assert server.process.log.read_text(errors="replace").count("Sent Access-Accept") <= 2


def ask(radius: FreeRadius, *, wait: float = 0.4) -> str:
    """The packet that FreeRADIUS sent, at once or later; it has done with the request, whoever waited for it or not:
    what it still asks would else hear the answers of the next test."""
    before = len(radius.process.log.read_text(errors="replace"))

    def written() -> str:
        return radius.process.log.read_text(errors="replace")[before:]

    heard = radius.ask(User_Name="alice", User_Password="secret", wait=wait).packet
    radius.process.wait_until(lambda: "Finished request" in written())
    late = re.search(r"Sent (Access-\w+)", written())
    return heard or (late[1] if late else "")


def test_the_documented_answers_are_heard_as_what_they_are(radius: FreeRadius, pretender: Pretender) -> None:
    for status, body, packet in (
        (200, ACCEPT, "Access-Accept"), (200, QUESTION, "Access-Challenge"), (401, {}, "Access-Reject"),
    ):  # fmt: skip
        pretender.say(status, body)
        assert ask(radius, wait=3.0) == packet


@pytest.mark.row("T-67")
@pytest.mark.parametrize("status", [204, 301, 302, 307, 400, 403, 404, 405, 410, 413, 422, 429, 500, 502, 503, 504])
def test_no_other_status_accepts_even_with_the_body_of_an_acceptance(
    radius: FreeRadius, pretender: Pretender, status: int
) -> None:
    pretender.say(status, b"" if status == 204 else ACCEPT)
    assert ask(radius) == ""


@pytest.mark.row("T-67")
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b"true", b'"Accept"', b"Accept", b"<html>welcome</html>", b'{"control:Auth-Type":',
        b'{"value": false}', b'{"accepted": true}', b'{"control:Auth-Type": "yes"}', b'{"control:Auth-Type": false}',
        b'{"reply:Reply-Message": "welcome"}', b'{"control:Auth-Type": {"value": []}}',
    ],
)  # fmt: skip
def test_no_other_body_accepts(radius: FreeRadius, pretender: Pretender, body: bytes) -> None:
    pretender.say(200, body)
    assert ask(radius) != "Access-Accept"


@pytest.mark.row("T-67")
def test_an_answer_that_breaks_off_accepts_nobody(radius: FreeRadius, pretender: Pretender) -> None:
    pretender.say(200, ACCEPT, short_by=10)
    assert ask(radius) != "Access-Accept"


@pytest.mark.row("F-07")
def test_before_the_time_out_an_answer_counts_and_after_it_no_more(radius: FreeRadius, pretender: Pretender) -> None:
    pretender.say(200, ACCEPT, delay=PATIENCE / 4)
    assert ask(radius, wait=PATIENCE + 2) == "Access-Accept"
    pretender.say(200, ACCEPT, delay=PATIENCE + 1)
    assert ask(radius) == ""


@pytest.mark.row("T-67")
@pytest.mark.parametrize("content", ["text/html; charset=utf-8", "text/plain", "application/xml", ""])
def test_a_page_of_somebody_else_accepts_nobody_whatever_it_calls_itself(
    radius: FreeRadius, pretender: Pretender, content: str
) -> None:
    pretender.say(200, b"<html>Auth-Type: Accept</html>", content=content)
    assert ask(radius) == ""


@pytest.mark.row("T-67b")
@pytest.mark.row("T-67c")
@pytest.mark.parametrize(
    "name",
    [
        "%{exec:id}", "%{sql:SELECT 1}", "../../admin", "a?b#c", 'a","control:Auth-Type":"Accept', "a\\", "x" * 253,
        "a\tb", "%{User-Password}", "Ünïcödé",
    ],
)  # fmt: skip
def test_a_name_arrives_as_it_was_typed_and_is_carried_out_nowhere(
    radius: FreeRadius, pretender: Pretender, name: str
) -> None:
    pretender.say(401, {})
    radius.ask(User_Name=name, User_Password="%{exec:id}")
    sent = pretender.asked[-1]
    assert sent["User-Name"].encode("latin-1").decode() == name
    assert sent["User-Password"] == "%{exec:id}"
