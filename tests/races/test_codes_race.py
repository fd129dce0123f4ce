"""Codes, guesses and changes that arrive in the same moment, at two processes."""

from __future__ import annotations

import itertools

import pytest

from mfa import limits
from mfa.outcomes import (
    ACCOUNT_LOCKED,
    ACTIVATED,
    CODE_SPENT,
    OATH_DUPLICATE,
    OATH_INCORRECT,
    OATH_VERIFIED,
    RECOVERY_VERIFIED,
)
from tests.races.browser import Answer
from tests.races.harness import PASSWORD, Portal, code_of, wait_for_fresh_step

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]

CODE_PAGE = "/sign-in/code/?way=totp"
RECOVERY_PAGE = "/sign-in/code/?way=recovery"
_numbers = itertools.count(1)


def new_name() -> str:
    return f"racer{next(_numbers)}"


def in_time(answers: list[Answer], portal: Portal) -> list[Answer]:
    """The answers, none of which is an error of the server."""
    assert all(0 < answer.status < 500 for answer in answers), (
        [answer.status for answer in answers],
        portal.log(),
    )
    return answers


@pytest.mark.row("T-02")
@pytest.mark.parametrize("attempt", range(2))
def test_of_twenty_sessions_with_the_same_code_one_gets_in(portal: Portal, attempt: int) -> None:
    name = new_name()
    secret = portal.stage("make_person", username=name)["apps"][0]["secret"]
    browsers = [portal.after_password(name) for _ in range(20)]
    wait_for_fresh_step()
    code = code_of(secret)
    answers = in_time(portal.race([(browser, CODE_PAGE, {"code": code}) for browser in browsers]), portal)
    assert [answer.status for answer in answers].count(302) == 1
    results = portal.stage("results", username=name)
    assert results.count(OATH_VERIFIED.code) == 1
    assert set(results) <= {OATH_VERIFIED.code, OATH_DUPLICATE.code, ACCOUNT_LOCKED.code}


@pytest.mark.row("T-02")
def test_of_twenty_requests_of_one_session_with_the_same_code_one_is_accepted(portal: Portal) -> None:
    name = new_name()
    secret = portal.stage("make_person", username=name)["apps"][0]["secret"]
    browser = portal.after_password(name)
    wait_for_fresh_step()
    code = code_of(secret)
    in_time(portal.race([(browser, CODE_PAGE, {"code": code})] * 20), portal)
    assert portal.stage("results", username=name).count(OATH_VERIFIED.code) == 1


@pytest.mark.row("T-01")
def test_a_used_code_stays_used_when_the_cache_is_flushed_and_another_process_asks(portal: Portal) -> None:
    name = new_name()
    secret = portal.stage("make_person", username=name)["apps"][0]["secret"]
    wait_for_fresh_step()
    code = code_of(secret)
    portal.signed_in(name, code)
    portal.stage("flush_cache")
    answers = [portal.after_password(name).post(CODE_PAGE, code=code) for _ in range(4)]
    assert [answer.status for answer in answers] == [422] * 4


@pytest.mark.row("T-04")
@pytest.mark.parametrize("attempt", range(2))
def test_of_twenty_sessions_with_the_same_recovery_code_one_gets_in(portal: Portal, attempt: int) -> None:
    name = new_name()
    codes = portal.stage("make_person", username=name, codes=True)["codes"]
    browsers = [portal.after_password(name) for _ in range(20)]
    answers = in_time(portal.race([(browser, RECOVERY_PAGE, {"code": codes[5]}) for browser in browsers]), portal)
    assert [answer.status for answer in answers].count(302) == 1
    results = portal.stage("results", username=name)
    assert results.count(RECOVERY_VERIFIED.code) == 1
    assert set(results) <= {RECOVERY_VERIFIED.code, CODE_SPENT.code, ACCOUNT_LOCKED.code}
    assert _left(portal, name) == 9


@pytest.mark.row("T-04")
@pytest.mark.parametrize("attempt", range(2))
def test_two_recovery_codes_at_once_are_both_spent(portal: Portal, attempt: int) -> None:
    name = new_name()
    codes = portal.stage("make_person", username=name, codes=True)["codes"]
    browsers = [portal.after_password(name) for _ in range(2)]
    answers = portal.race(
        [(browser, RECOVERY_PAGE, {"code": code}) for browser, code in zip(browsers, codes, strict=False)]
    )
    assert [answer.status for answer in in_time(answers, portal)] == [302, 302]
    assert _left(portal, name) == 8
    for code in codes[:2]:
        assert portal.after_password(name).post(RECOVERY_PAGE, code=code).status == 422


@pytest.mark.row("T-03")
def test_of_ten_sessions_with_the_same_activation_code_one_may_set_up_a_factor(portal: Portal) -> None:
    name = new_name()
    portal.stage("make_person", username=name, apps=0)
    code = portal.stage("give_activation", username=name)
    browsers = [portal.browser() for _ in range(10)]
    for browser in browsers:
        browser.get("/sign-in/")
        assert browser.post("/sign-in/", username=name, password=PASSWORD).status == 302
    answers = in_time(portal.race([(browser, "/activation/", {"code": code}) for browser in browsers]), portal)
    assert [answer.location for answer in answers if answer.status == 302] == ["/enrol/"]
    results = portal.stage("results", username=name)
    assert results.count(ACTIVATED.code) == 1
    assert set(results) <= {ACTIVATED.code, CODE_SPENT.code, ACCOUNT_LOCKED.code}


@pytest.mark.row("T-11")
@pytest.mark.row("T-07")
def test_of_many_wrong_guesses_at_once_only_the_limit_is_judged(portal: Portal) -> None:
    """From ten sessions, twenty guesses each: no more than the limit are compared with the secret."""
    name = new_name()
    secret = portal.stage("make_person", username=name)["apps"][0]["secret"]
    wait_for_fresh_step(15)
    right = {code_of(secret, steps=steps) for steps in range(-130, 131)}
    guesses = [f"{number:06d}" for number in range(500) if f"{number:06d}" not in right][:200]
    browsers = [portal.after_password(name, address=f"198.51.100.{number}") for number in range(10)]
    requests = [(browsers[place % 10], CODE_PAGE, {"code": guess}) for place, guess in enumerate(guesses)]
    answers = in_time(portal.race(requests), portal)
    assert {answer.status for answer in answers} == {422}
    results = portal.stage("results", username=name)
    assert results.count(OATH_INCORRECT.code) == limits.DELAY_FROM
    assert results.count(ACCOUNT_LOCKED.code) == len(guesses) - limits.DELAY_FROM
    assert portal.stage("failures", username=name)["totp"][0] == limits.DELAY_FROM
    answer = browsers[0].post(CODE_PAGE, code=code_of(secret))
    assert answer.status == 422
    assert any("Try again at" in error for error in answer.errors)


@pytest.mark.row("T-22c")
@pytest.mark.parametrize("attempt", range(4))
def test_two_tabs_cannot_together_remove_the_last_two_factors(portal: Portal, attempt: int) -> None:
    name = new_name()
    person = portal.stage("make_person", username=name, apps=2, required=True)
    wait_for_fresh_step()
    browser = portal.signed_in(name, code_of(person["apps"][0]["secret"]))
    paths = [f"/totp/{app['pk']}/remove/" for app in person["apps"]]
    in_time(portal.race([(browser, path, {}) for path in paths]), portal)
    assert portal.stage("usable", username=name) == ["totp"]


def test_removing_one_app_while_codes_are_judged_ends_in_no_error(portal: Portal) -> None:
    name = new_name()
    person = portal.stage("make_person", username=name, apps=2)
    wait_for_fresh_step(15)
    browser = portal.signed_in(name, code_of(person["apps"][0]["secret"]))
    signing_in = [portal.after_password(name) for _ in range(6)]
    code = code_of(person["apps"][1]["secret"])
    requests = [(other, CODE_PAGE, {"code": code}) for other in signing_in]
    requests.append((browser, f"/totp/{person['apps'][0]['pk']}/remove/", {}))
    in_time(portal.race(requests), portal)
    assert [factor["pk"] for factor in portal.stage("factors", username=name)] == [person["apps"][1]["pk"]]


def _left(portal: Portal, username: str) -> int:
    found = [factor for factor in portal.stage("factors", username=username) if factor["kind"] == "recovery"]
    return int(found[0]["left"])
