"""The verification API of a real server with several processes: under load, and with one of them wedged or dead."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.races.asking import Told, ask, together
from tests.races.harness import Portal, code_of, wait_for_fresh_step
from tests.races.test_codes_race import new_name

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]

PEOPLE, ROUNDS = 8, 6
IDLE = 600
SLOWEST = 10.0
"""Seconds; rlm_rest waits six, and this machine does other things beside."""


def workers(portal: Portal) -> set[int]:
    """The processes that serve."""
    master = portal.process.pid
    return {int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()}


@contextlib.contextmanager
def idle_connections(portal: Portal, count: int) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(socket.create_connection(("127.0.0.1", portal.port), timeout=30))
        yield


@pytest.mark.row("F-16")
def test_idle_connections_and_a_wedged_process_hold_up_no_code(portal: Portal) -> None:
    key = portal.stage("give_remembering_key")
    wedged, *_others = sorted(workers(portal))
    with idle_connections(portal, IDLE):
        os.kill(wedged, signal.SIGSTOP)
        try:
            started = time.monotonic()
            told = together([partial(ask, portal, key, username="nobody", code="123456")] * PEOPLE)
            took = time.monotonic() - started
        finally:
            os.kill(wedged, signal.SIGCONT)
    assert [status for status, _ in told] == [200] * PEOPLE
    assert took < SLOWEST


@pytest.mark.row("F-16")
def test_a_process_that_died_is_replaced_and_no_code_goes_unanswered_afterwards(portal: Portal) -> None:
    key = portal.stage("give_remembering_key")
    before = workers(portal)
    os.kill(min(before), signal.SIGKILL)
    portal.process.wait_until(lambda: len(workers(portal) - {min(before)}) == len(before))
    told = together([partial(ask, portal, key, username="nobody", code="123456")] * PEOPLE)
    assert [status for status, _ in told] == [200] * PEOPLE


@pytest.mark.row("F-20")
def test_under_load_beside_changes_of_accounts_each_question_has_its_answer_and_its_row(portal: Portal) -> None:
    key = portal.stage("give_remembering_key", remember=False)
    names = [new_name() for _ in range(PEOPLE)]
    secrets = [portal.stage("make_person", username=name)["apps"][0]["secret"] for name in names]
    wait_for_fresh_step()

    def asks(name: str, secret: str) -> list[Told]:
        codes = ["000000", code_of(secret), code_of(secret), *["000000"] * (ROUNDS - 3)]
        return [ask(portal, key, username=name, code=code) for code in codes]

    over = threading.Event()

    def changes() -> int:
        count = 0
        while not over.is_set():
            portal.stage("change_account", username=names[count % 3], change="phone")
            count += 1
        return count

    def all_asks() -> list[list[Told]]:
        try:
            return together([partial(asks, *pair) for pair in zip(names, secrets, strict=True)])
        finally:
            over.set()

    told, changed = together([all_asks, changes])
    assert changed
    assert {status for one in told for status, _ in one} == {200}
    assert [sum(answer["accepted"] for _, answer in one) for one in told] == [1] * PEOPLE
    assert [len(portal.stage("logged", username=name)) for name in names] == [ROUNDS] * PEOPLE
