"""The outbox with real workers, brokers and databases: killed, stopped, raced. Nothing is lost and nothing doubled."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.portal.commands import ROOT, environment
from tests.portal.tables import ask, make_tables
from tests.services.http_gateway import HttpGateway
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.servers.processes import ServerProcess


class Message(NamedTuple):
    state: str
    error: str
    has_body: bool


@dataclass
class Office:
    """A portal's outbox with its own data, and the processes that work on it."""

    folder: Path
    settings: dict[str, str]
    processes: list[ServerProcess] = field(default_factory=list)

    def act(self, name: str, number: int = 0) -> Any:
        done = self.begin(name, number)
        output, errors = done.communicate(timeout=90)
        assert done.returncode == 0, errors
        return json.loads(output)

    def begin(self, name: str, number: int = 0) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.mfa.delivery.office", name, str(number)]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def worker(self) -> ServerProcess:
        started = self._celery("worker", "--loglevel=INFO", "--concurrency=2", "--without-gossip", "--without-mingle")
        started.wait_until(lambda: " ready." in started.last_lines(200))
        return started

    def beat(self) -> ServerProcess:
        return self._celery("beat", "--max-interval=1")

    def messages(self) -> list[Message]:
        """What is in the outbox, oldest first."""
        rows = ask(self.settings, "SELECT state, error, body FROM mfa_delivery ORDER BY id")
        return [Message(str(state), str(error), bool(body)) for state, error, body in rows]

    def wait_for(self, state: str, *, count: int = 1, timeout: float = 90) -> list[Message]:
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            messages = self.messages()
            if [message.state for message in messages] == [state] * count:
                return messages
            time.sleep(0.1)
        raise AssertionError(f"{messages} {[process.last_lines() for process in self.processes]}")

    def _celery(self, *arguments: str) -> ServerProcess:
        log = self.folder / f"{arguments[0]}-{len(self.processes)}.log"
        command = [sys.executable, "-m", "celery", "-A", "portal", *arguments]
        process = ServerProcess(command, log=log, environment=self.settings, folder=ROOT)
        self.processes.append(process)
        process.start()
        return process


@pytest.fixture
def open_office(tmp_path: Path, http_gateway: HttpGateway) -> Iterator[Callable[..., Office]]:
    """`open_office(NAME="value")` gives a portal with these settings; its processes end with the test."""
    http_gateway.reset()
    offices: list[Office] = []

    def open_with(**changes: str) -> Office:
        settings = environment(tmp_path / "data", {**_development(http_gateway), **changes})
        make_tables(settings)
        offices.append(Office(tmp_path, settings))
        return offices[-1]

    yield open_with
    for office in offices:
        for process in office.processes:
            process.kill()


def _development(gateway: HttpGateway) -> Mapping[str, str]:
    return {
        "DEBUG": "true",  # the gateway speaks plain http on this machine
        "MFA_FACTORS": "sms activation",
        "SMS_GATEWAYS": "http",
        "SMS_HTTP_URL": gateway.url,
        "SMS_HTTP_TOKEN": "token",
        "SMS_KANNEL_URL": gateway.url,
        "SMS_KANNEL_USERNAME": "portal",
        "SMS_KANNEL_PASSWORD": "password",
    }


@pytest.fixture(params=["filesystem", "redis"])
def broker(request: pytest.FixtureRequest) -> dict[str, str]:
    if request.param == "filesystem":
        return {}
    redis: Redis = request.getfixturevalue("redis")
    redis.start()
    redis.flush()
    return {"CELERY_BROKER_URL": redis.url}


@pytest.mark.row("F-06")
def test_a_worker_sends_what_a_page_queued(
    open_office: Callable[..., Office], http_gateway: HttpGateway, broker: dict[str, str]
) -> None:
    office = open_office(**broker)
    office.worker()
    office.act("queue", 3)
    messages = office.wait_for("sent", count=3)
    assert {message.has_body for message in messages} == {False}
    assert len(http_gateway.requests) == 3


@pytest.mark.row("F-06")
def test_a_worker_killed_in_the_middle_of_a_call_is_made_up_for_under_the_same_key(
    open_office: Callable[..., Office], http_gateway: HttpGateway, broker: dict[str, str]
) -> None:
    http_gateway.hang(60, times=1)
    office = open_office(**broker)
    worker = office.worker()
    office.act("queue", 1)
    http_gateway.wait_for(1)
    worker.kill()
    office.worker()
    office.act("age", 60)
    office.act("sweep")
    office.wait_for("sent")
    first, second = http_gateway.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.row("F-06")
def test_a_worker_killed_in_the_middle_of_a_call_that_cannot_be_repeated_leaves_a_doubt(
    open_office: Callable[..., Office], http_gateway: HttpGateway
) -> None:
    http_gateway.hang(60, times=1)
    office = open_office(SMS_GATEWAYS="kannel")
    worker = office.worker()
    office.act("queue", 1)
    http_gateway.wait_for(1)
    worker.kill()
    office.worker()
    office.act("age", 60)
    office.act("sweep")
    (message,) = office.wait_for("uncertain")
    assert message.has_body is False
    assert len(http_gateway.requests) == 1


@pytest.mark.row("F-06", "F-16")
@pytest.mark.parametrize(("gateway", "end", "calls"), [("http", "sent", 2), ("kannel", "uncertain", 1)])
def test_a_call_that_hangs_is_cut_off_and_its_message_handed_on_but_not_sent_twice(
    open_office: Callable[..., Office], http_gateway: HttpGateway, gateway: str, end: str, calls: int
) -> None:
    http_gateway.hang(60, times=1)
    office = open_office(SMS_GATEWAYS=gateway)
    worker = office.worker()
    office.act("hurry", 3)
    worker.wait_until(lambda: "Hard time limit (3s) exceeded" in worker.last_lines(200))
    assert [message.state for message in office.messages()] == ["sending"]
    office.act("age", 60)
    office.act("sweep")
    office.wait_for(end)
    keys = [request.headers.get("idempotency-key") for request in http_gateway.requests]
    assert len(keys) == calls
    assert len(set(keys)) == 1


@pytest.mark.row("F-06")
def test_a_worker_killed_between_claim_and_call_is_made_up_for_once(
    open_office: Callable[..., Office], http_gateway: HttpGateway
) -> None:
    office = open_office(SMS_GATEWAYS="kannel")
    http_gateway.answer(202, "0: Accepted for delivery")
    office.act("queue", 2)
    assert office.act("claim") == 2
    office.act("age", 60)
    office.worker()
    office.act("sweep")
    office.wait_for("sent", count=2)
    assert len(http_gateway.requests) == 2


@pytest.mark.row("F-04")
def test_with_a_dead_broker_messages_wait_and_leave_once_after_it_is_back(
    open_office: Callable[..., Office], http_gateway: HttpGateway, redis: Redis
) -> None:
    redis.start()
    redis.flush()
    office = open_office(CELERY_BROKER_URL=redis.url)
    redis.stop()
    started = time.monotonic()
    office.act("queue", 2)
    assert time.monotonic() - started < 20
    assert [message.state for message in office.messages()] == ["queued", "queued"]
    redis.start()
    office.worker()
    office.beat()
    office.wait_for("sent", count=2)
    assert len(http_gateway.requests) == 2


@pytest.mark.row("T-17")
@pytest.mark.row("F-06")
def test_of_many_workers_and_sweeps_one_sends(
    open_office: Callable[..., Office], http_gateway: HttpGateway, postgres: Postgres
) -> None:
    office = open_office(DATABASE_URL=postgres.create_database("outbox_race"))
    office.act("queue", 30)
    racers = [office.begin("send", 2) for _ in range(4)]
    for racer in racers:
        _, errors = racer.communicate(timeout=90)
        assert racer.returncode == 0, errors
    office.wait_for("sent", count=30)
    keys = [request.headers["idempotency-key"] for request in http_gateway.requests]
    assert len(keys) == len(set(keys)) == 30


@pytest.mark.row("T-17")
@pytest.mark.parametrize("act", ["flood", "change"])
def test_fifty_sends_at_once_send_one(open_office: Callable[..., Office], postgres: Postgres, act: str) -> None:
    office = open_office(DATABASE_URL=postgres.create_database("sms_race"))
    assert office.act(act, 50) == 1
    assert len(office.messages()) == 1


def test_a_change_of_number_and_codes_for_the_same_person_never_lock_each_other_out(
    open_office: Callable[..., Office], postgres: Postgres
) -> None:
    office = open_office(DATABASE_URL=postgres.create_database("sms_collision"))
    assert office.act("collide", 30) == 30
