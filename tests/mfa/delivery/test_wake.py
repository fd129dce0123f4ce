"""A broker that is away or hangs costs a page little time, and nothing that waits in the outbox."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from celery import Celery

from mfa.delivery import wake

PATIENCE = 1.0


@pytest.fixture
def silent_broker() -> Iterator[socket.socket]:
    """Something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def calls(server: socket.socket) -> int:
    """How many connections were made to it since this was asked last."""
    count = 0
    with suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            count += 1
    return count


@pytest.fixture(autouse=True)
def _not_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "_spared_until", 0.0)


@pytest.mark.row("F-04")
def test_a_broker_that_hangs_holds_up_one_page_for_seconds_and_the_next_not_at_all(
    silent_broker: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = silent_broker.getsockname()[1]
    app = Celery("other", broker=f"redis://127.0.0.1:{port}/0", set_as_current=False)
    app.conf.broker_transport_options = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    app.conf.task_publish_retry = False
    monkeypatch.setattr(wake, "current_app", app)
    assert not wake.worker_for(1)
    assert calls(silent_broker)
    assert not wake.worker_for(2)
    assert not wake.sweep()
    assert not calls(silent_broker)  # nobody waited a second time


def test_the_broker_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "_spared_until", time.monotonic() + wake.SPARED_SECONDS)
    assert not wake.worker_for(1)
    monkeypatch.setattr(wake, "_spared_until", time.monotonic())
    assert wake.worker_for(1)
