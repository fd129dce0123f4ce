"""One code that is typed at several gateways, each served by a process of its own, in the same moment."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mfa.outcomes import ACCOUNT_LOCKED, CODE_SPENT, EMAIL_VERIFIED, SMS_VERIFIED, TEMPORARY_VERIFIED
from tests.races.harness import Portal, Stage
from tests.races.test_codes_race import new_name

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def others(portal: Portal) -> Iterator[list[Stage]]:
    """Three processes."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(Stage(portal.environment))) for _ in range(3)]


def typed_at_once(others: list[Stage], name: str, token: str, code: str) -> list[int]:
    """The results of three processes that hear the same code ten times each."""
    for other in others:
        other("usable", username=name)  # it has started and is connected
    with ThreadPoolExecutor(3) as pool:
        at = time.time() + 0.5
        said = pool.map(lambda other: other("say_to_vpn", username=name, token=token, code=code, at=at), others)
        results = [result for results in said for result in results]
    assert len(results) == 30
    return results


@pytest.mark.row("T-03")
def test_of_three_processes_with_the_same_code_by_mail_one_gets_in(portal: Portal, others: list[Stage]) -> None:
    name = new_name()
    portal.stage("make_person", username=name)
    portal.stage("give_mailbox", username=name)
    results = typed_at_once(others, name, **portal.stage("mail_code", username=name))
    assert results.count(EMAIL_VERIFIED.code) == 1
    assert set(results) <= {EMAIL_VERIFIED.code, CODE_SPENT.code, ACCOUNT_LOCKED.code}
    assert portal.stage("results", username=name).count(EMAIL_VERIFIED.code) == 1


@pytest.mark.row("T-03")
def test_of_three_processes_with_the_same_code_by_sms_one_gets_in(portal: Portal, others: list[Stage]) -> None:
    name = new_name()
    portal.stage("make_person", username=name)
    portal.stage("give_mailbox", username=name)  # and the VPN
    portal.stage("give_phone", username=name, number=f"+491512{int(name.removeprefix('racer')):07d}")
    results = typed_at_once(others, name, **portal.stage("sms_code", username=name))
    assert results.count(SMS_VERIFIED.code) == 1
    assert set(results) <= {SMS_VERIFIED.code, CODE_SPENT.code, ACCOUNT_LOCKED.code}


@pytest.mark.row("T-03")
def test_a_lent_code_lets_in_as_often_as_it_was_lent_for(portal: Portal, others: list[Stage]) -> None:
    name = new_name()
    portal.stage("make_person", username=name)
    results = typed_at_once(others, name, token="", code=portal.stage("lend_code", username=name, uses=2))
    assert results.count(TEMPORARY_VERIFIED.code) == 2
    assert portal.stage("results", username=name).count(TEMPORARY_VERIFIED.code) == 2
