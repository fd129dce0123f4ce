"""A code by mail that is typed at several gateways, each served by a process of its own, in the same moment."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mfa.outcomes import ACCOUNT_LOCKED, CODE_SPENT, EMAIL_VERIFIED
from tests.races.harness import Portal, Stage
from tests.races.test_codes_race import new_name

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]


@pytest.mark.row("T-03")
def test_of_three_processes_with_the_same_code_by_mail_one_gets_in(portal: Portal) -> None:
    name = new_name()
    portal.stage("make_person", username=name)
    portal.stage("give_mailbox", username=name)
    sent = portal.stage("mail_code", username=name)
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(contextlib.closing(Stage(portal.environment))) for _ in range(3)]
        for other in others:
            other("usable", username=name)  # it has started and is connected
        pool = stack.enter_context(ThreadPoolExecutor(3))
        at = time.time() + 0.5
        said = pool.map(lambda other: other("say_to_vpn", username=name, at=at, **sent), others)
        results = [code for codes in said for code in codes]
    assert len(results) == 30
    assert results.count(EMAIL_VERIFIED.code) == 1
    assert set(results) <= {EMAIL_VERIFIED.code, CODE_SPENT.code, ACCOUNT_LOCKED.code}
    assert portal.stage("results", username=name).count(EMAIL_VERIFIED.code) == 1
