"""One code of each further kind, sent many times in the same moment, at two processes."""

from __future__ import annotations

import hashlib
import itertools
import time

import pytest

from mfa.outcomes import ACCOUNT_LOCKED, OATH_DUPLICATE, OATH_VERIFIED
from tests.races.harness import Portal, code_of, wait_for_fresh_step

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]

MANY = 12
_numbers = itertools.count(1)


@pytest.mark.row("T-02")
def test_of_many_requests_with_the_same_motp_code_one_is_accepted(portal: Portal) -> None:
    name = f"motp{next(_numbers)}"
    secret = portal.stage("make_person", username=name)["apps"][0]["secret"]
    portal.stage("give_motp", username=name, secret="0123456789abcdef", pin="1234")
    wait_for_fresh_step()
    browser = portal.signed_in(name, code_of(secret))
    text = f"{int(time.time()) // 10}0123456789abcdef1234"
    code = hashlib.new("md5", text.encode(), usedforsecurity=False).hexdigest()[:6]
    answers = portal.race([(browser, "/test/?way=motp", {"code": code})] * MANY)
    assert all(0 < answer.status < 500 for answer in answers), portal.log()
    assert [answer.status for answer in answers].count(302) == 1
    results = portal.stage("results", username=name, kind="motp")
    assert results.count(OATH_VERIFIED.code) == 1
    assert set(results) <= {OATH_VERIFIED.code, OATH_DUPLICATE.code, ACCOUNT_LOCKED.code}
