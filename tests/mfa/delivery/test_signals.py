"""A number that changed its SIM gets no code, when the organisation's own source of such signals says so."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.models import User
from mfa.delivery import outbox
from mfa.delivery.causes import of
from mfa.models import Delivery
from tests.mfa.delivery.messages import NUMBER, Clock, attempt, queued_sms
from tests.services.http_gateway import HttpGateway

State = Delivery.State
SWAPPED = "SIM changed yesterday"


def says_swapped(number: str) -> str:
    return SWAPPED if number == NUMBER else ""


def cannot_say(number: str) -> str:
    raise ConnectionError


@pytest.mark.row("N-12")
def test_no_code_goes_to_a_number_at_risk_and_it_is_on_record(
    alice: User, clock: Clock, by_http: HttpGateway, settings: Settings
) -> None:
    settings.SMS_RISK_CHECK = f"{__name__}.says_swapped"
    ended = attempt(queued_sms(alice, now=clock()), clock)
    assert (ended.state, ended.error, ended.body) == (State.FAILED, f"SMS_RISK_CHECK: {SWAPPED}", "")
    assert SWAPPED in of(ended).title
    assert by_http.requests == []
    assert attempt(queued_sms(alice, now=clock(), number="+491709999999"), clock).state == State.SENT


@pytest.mark.row("N-12")
def test_a_check_that_fails_lets_no_code_out_until_it_answers(
    alice: User, clock: Clock, by_http: HttpGateway, settings: Settings
) -> None:
    settings.SMS_RISK_CHECK = f"{__name__}.cannot_say"
    waiting = attempt(queued_sms(alice, now=clock()), clock)
    assert (waiting.state, by_http.requests) == (State.QUEUED, [])
    settings.SMS_RISK_CHECK = ""
    clock.forward(seconds=60)
    assert attempt(waiting, clock).state == State.SENT


@pytest.mark.row("N-12")
def test_a_notice_still_goes_to_a_number_at_risk(
    alice: User, clock: Clock, by_http: HttpGateway, settings: Settings
) -> None:
    settings.SMS_RISK_CHECK = f"{__name__}.says_swapped"
    context = {"label": "SMS", "name": "SMS", "at": clock()}
    later = clock.forward(seconds=0).replace(year=clock().year + 1)
    notice = outbox.queue_sms(alice, NUMBER, "factor-added", context, now=clock(), worth_until=later)
    assert attempt(notice, clock).state == State.SENT
