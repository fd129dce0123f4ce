"""A person asks for a code while the broker hangs: the page answers, says so, and the code comes once it is back."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portal.commands import ROOT
from tests.races.browser import Browser
from tests.races.harness import Portal, portal_server
from tests.services.http_gateway import HttpGateway
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.servers.processes import ServerProcess

NUMBER = "+491701234567"


@pytest.fixture
def portal(postgres: Postgres, redis: Redis, http_gateway: HttpGateway) -> Iterator[Portal]:
    """A portal whose SMS go to something that answers as Kannel does."""
    redis.start()
    redis.flush()
    http_gateway.reset()
    http_gateway.answer(202, "0: Accepted for delivery")
    settings = {
        "CELERY_BROKER_URL": redis.url,
        "SMS_GATEWAYS": "kannel",
        "SMS_KANNEL_URL": http_gateway.url,
        "SMS_KANNEL_USERNAME": "portal",
        "SMS_KANNEL_PASSWORD": "password",
    }
    with portal_server(postgres.create_database("dead_broker"), workers=1, threads=4, **settings) as server:
        yield server


@pytest.fixture
def celery(portal: Portal, tmp_path: Path) -> Iterator[list[ServerProcess]]:
    """Worker and beat, not started yet."""
    commands = (["worker", "--concurrency=1"], ["beat", "--max-interval=1"])
    processes = [
        ServerProcess(
            [sys.executable, "-m", "celery", "-A", "portal", *command],
            log=tmp_path / f"{command[0]}.log", environment=portal.environment, folder=ROOT,
        )
        for command in commands
    ]  # fmt: skip
    yield processes
    for process in processes:
        process.kill()


def wait_until_page_says(browser: Browser, words: str, *, seconds: float) -> None:
    until = time.monotonic() + seconds
    page = ""
    while time.monotonic() < until:
        page = browser.get("/sign-in/code/?way=sms").text
        if words in page:
            return
        time.sleep(1)
    raise AssertionError(page)


@pytest.mark.row("F-04")
@pytest.mark.timeout(300)
def test_the_page_answers_says_so_and_the_code_comes_once(
    portal: Portal, redis: Redis, http_gateway: HttpGateway, celery: list[ServerProcess]
) -> None:
    portal.stage("make_person", username="alice", apps=0)
    portal.stage("give_phone", username="alice", number=NUMBER)
    browser = portal.after_password("alice")
    redis.process.pause()
    try:
        started = time.monotonic()
        assert browser.post("/sign-in/code/send/?way=sms").status == 302
        assert time.monotonic() - started < 15
        started = time.monotonic()
        assert "The message is being sent" in browser.get("/sign-in/code/?way=sms").text
        assert time.monotonic() - started < 3
        wait_until_page_says(browser, "The message is delayed", seconds=30)
    finally:
        redis.process.resume()
    assert http_gateway.requests == []
    for process in celery:
        process.start()
    wait_until_page_says(browser, "Sent at", seconds=60)
    assert len(http_gateway.requests) == 1
    (code,) = [request.body.decode()[-6:] for request in http_gateway.requests]
    assert browser.post("/sign-in/code/?way=sms", code=code).location == "/"
