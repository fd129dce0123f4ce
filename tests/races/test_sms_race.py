"""SMS codes that are asked for, or typed, in the same moment at two processes."""

from __future__ import annotations

import pytest

from mfa.outcomes import SMS_VERIFIED
from tests.races.browser import Browser
from tests.races.harness import Portal
from tests.races.test_codes_race import in_time, new_name

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]

SEND = "/sign-in/code/send/?way=sms"
CODE = "/sign-in/code/?way=sms"


@pytest.fixture
def waiting(portal: Portal) -> tuple[str, Browser]:
    """Somebody with a phone, past the password."""
    name = new_name()
    portal.stage("make_person", username=name, apps=0)
    portal.stage("give_phone", username=name, number=f"+49151{int(name.removeprefix('racer')):08d}")
    return name, portal.after_password(name)


@pytest.mark.row("T-03")
@pytest.mark.parametrize("attempt", range(3))
def test_of_twenty_requests_with_the_same_sms_code_one_is_accepted(
    portal: Portal, waiting: tuple[str, Browser], attempt: int
) -> None:
    name, browser = waiting
    browser.post(SEND)
    (code,) = portal.stage("sms_codes", username=name)
    answers = in_time(portal.race([(browser, CODE, {"code": code})] * 20), portal)
    assert sum(answer.location == "/" for answer in answers) == 1
    assert portal.stage("results", username=name).count(SMS_VERIFIED.code) == 1


@pytest.mark.row("T-17")
def test_of_twenty_requests_for_a_code_one_sends(portal: Portal, waiting: tuple[str, Browser]) -> None:
    name, browser = waiting
    in_time(portal.race([(browser, SEND, {})] * 20), portal)
    assert len(portal.stage("sms_codes", username=name)) == 1
