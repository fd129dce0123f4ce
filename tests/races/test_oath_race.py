"""One code of each further kind, sent many times in the same moment, at two processes."""

from __future__ import annotations

import hashlib
import itertools
import time

import pytest
from django_otp.oath import hotp

from mfa.outcomes import ACCOUNT_LOCKED, OATH_DUPLICATE, OATH_VERIFIED
from tests.races.harness import Portal, code_of, wait_for_fresh_step

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]

MANY = 12
SEED = b"12345678901234567890"
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


@pytest.mark.row("T-02")
def test_of_many_sessions_with_the_same_token_code_one_gets_in(portal: Portal) -> None:
    name = f"token{next(_numbers)}"
    portal.stage("make_person", username=name)
    portal.stage("give_token", username=name, serial=name.upper(), secret=SEED.hex())
    browsers = [portal.after_password(name) for _ in range(MANY)]
    code = f"{hotp(SEED, 0):06d}"
    answers = portal.race([(browser, "/sign-in/code/?way=token", {"code": code}) for browser in browsers])
    assert all(0 < answer.status < 500 for answer in answers), portal.log()
    assert [answer.status for answer in answers].count(302) == 1
    results = portal.stage("results", username=name, kind="token")
    assert results.count(OATH_VERIFIED.code) == 1
    assert set(results) <= {OATH_VERIFIED.code, OATH_DUPLICATE.code, ACCOUNT_LOCKED.code}


@pytest.mark.row("T-02")
def test_a_token_that_two_people_claim_at_once_is_ones(portal: Portal) -> None:
    names = [f"claimer{next(_numbers)}" for _ in range(2)]
    secrets = [portal.stage("make_person", username=name)["apps"][0]["secret"] for name in names]
    serial = "".join(names)
    portal.stage("put_token", serial=serial.upper(), secret=SEED.hex())
    wait_for_fresh_step()
    browsers = [portal.signed_in(name, code_of(secret)) for name, secret in zip(names, secrets, strict=True)]
    code = f"{hotp(SEED, 0):06d}"
    answers = portal.race([(browser, "/token/add/", {"serial": serial, "code": code}) for browser in browsers])
    assert sorted(answer.status for answer in answers) == [302, 422], portal.log()
    held = [kind for name in names for kind in portal.stage("usable", username=name)]
    assert held.count("token") == 1
