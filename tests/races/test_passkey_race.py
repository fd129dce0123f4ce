"""One challenge answered, and one passkey registered, in the same moment, at two processes.

The keys are synced ones, whose counter stays at zero: only the challenge stands between two uses.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from mfa.outcomes import PASSKEY_OUT_OF_TIME, PASSKEY_REPLAYED, PASSKEY_VERIFIED
from tests.races.browser import Answer, Browser
from tests.races.harness import PASSWORD, Portal
from tests.stories.soft_key import SoftKey, synced_key

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300), pytest.mark.row("T-70")]

SECOND_STEP = "/sign-in/code/?way=webauthn"
_numbers = itertools.count(1)


def question(browser: Browser, path: str) -> dict[str, Any]:
    answer = browser.post(path)
    assert answer.status == 200, answer
    options: dict[str, Any] = json.loads(answer.text)
    return options


def newcomer(portal: Portal) -> tuple[str, Browser]:
    """Somebody without a factor, signed in with the password."""
    name = f"keyholder{next(_numbers)}"
    portal.stage("make_person", username=name, apps=0)
    browser = portal.browser()
    browser.get("/sign-in/")
    assert browser.post("/sign-in/", username=name, password=PASSWORD).status == 302
    return name, browser


def with_passkey(portal: Portal) -> tuple[str, SoftKey]:
    name, browser = newcomer(portal)
    key = synced_key()
    text = key.create(question(browser, "/webauthn/add/options/"))
    assert browser.post("/webauthn/add/", code=text).status == 302
    return name, key


def in_time(answers: list[Answer], portal: Portal) -> list[Answer]:
    assert all(0 < answer.status < 500 for answer in answers), ([one.status for one in answers], portal.log())
    return answers


@pytest.mark.row("A-6.7.2")
def test_of_ten_requests_with_one_answer_to_one_challenge_one_is_accepted(portal: Portal) -> None:
    name, key = with_passkey(portal)
    browser = portal.after_password(name)
    text = key.sign(question(browser, "/sign-in/code/send/?way=webauthn"))
    in_time(portal.race([(browser, SECOND_STEP, {"code": text})] * 10), portal)
    results = portal.stage("results", username=name)
    assert results.count(PASSKEY_VERIFIED.code) == 1
    assert set(results) <= {PASSKEY_VERIFIED.code, PASSKEY_REPLAYED.code, PASSKEY_OUT_OF_TIME.code}


@pytest.mark.row("A-6.7.2")
def test_of_ten_windows_with_one_answer_one_gets_in_without_a_password(portal: Portal) -> None:
    name, key = with_passkey(portal)
    browser = portal.browser()
    browser.get("/sign-in/")
    text = key.sign(question(browser, "/webauthn/sign-in/options/"))
    answers = in_time(portal.race([(browser, "/webauthn/sign-in/", {"code": text})] * 10), portal)
    assert [answer.location for answer in answers].count("/") == 1
    results = portal.stage("results", username=name)
    assert results.count(PASSKEY_VERIFIED.code) == 1
    assert results.count(PASSKEY_REPLAYED.code) == 9


@pytest.mark.row("A-6.7.1")
def test_of_two_people_who_register_the_same_passkey_one_has_it(portal: Portal) -> None:
    key = synced_key()
    people = [newcomer(portal) for _ in range(2)]
    texts = [key.create(question(browser, "/webauthn/add/options/")) for _, browser in people]
    requests = [(browser, "/webauthn/add/", {"code": text}) for (_, browser), text in zip(people, texts, strict=True)]
    answers = in_time(portal.race(requests), portal)
    assert sorted(answer.status for answer in answers) == [302, 422]
    assert sum(len(portal.stage("factors", username=name)) for name, _ in people) == 1
