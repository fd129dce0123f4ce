"""A broker that is away or hangs costs a page little time, and nothing that waits in the outbox."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
from celery import Celery

from mfa.delivery import wake

PATIENCE = 1.0


@pytest.fixture
def silent_broker() -> Iterator[str]:
    """Something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


@pytest.fixture(autouse=True)
def _not_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "_spared_until", 0.0)


@pytest.mark.row("F-04")
def test_a_broker_that_hangs_holds_up_one_page_for_seconds_and_the_next_not_at_all(
    silent_broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Celery("other", broker=silent_broker, set_as_current=False)
    app.conf.broker_transport_options = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    app.conf.task_publish_retry = False
    monkeypatch.setattr(wake, "current_app", app)
    assert not wake.worker_for(1)
    started = time.monotonic()
    assert not wake.worker_for(2)
    assert not wake.sweep()
    assert time.monotonic() - started < PATIENCE  # nobody waited a second time


def test_the_broker_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "_spared_until", time.monotonic() + 0.1)
    assert not wake.worker_for(1)
    time.sleep(0.15)
    assert wake.worker_for(1)
