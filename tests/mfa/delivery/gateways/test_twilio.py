"""Twilio's gateway against its published request and response format."""

from __future__ import annotations

import json

import pytest
from pytest_django import Settings

from accounts.models import User
from mfa.delivery.gateways import transport
from mfa.delivery.gateways.base import GatewayError, Message
from mfa.delivery.gateways.twilio import GATEWAY, signature
from mfa.models import Delivery
from tests.mfa.delivery.messages import Clock, a_trace, attempt, queued_sms, steps_of
from tests.services.http_gateway import HttpGateway
from tests.services.twilio import Twilio

NUMBER = "+491701234567"
TEXT = "271828 is your code. Grüße & 50 %\n@portal.test #271828"


def test_a_message_is_posted_with_account_number_text_and_callback(by_twilio: Twilio) -> None:
    sid = GATEWAY.hand_over(Message(NUMBER, TEXT, "key"), a_trace())
    form = by_twilio.messages[sid]
    assert (form["To"], form["From"], form["Body"]) == (NUMBER, "Portal", TEXT)
    assert form["StatusCallback"].startswith("https://portal.test/receipts/twilio/key/")
    assert "MessagingServiceSid" not in form


def test_a_messaging_service_takes_the_place_of_a_sender(by_twilio: Twilio, settings: Settings) -> None:
    settings.SMS_TWILIO_SERVICE = f"MG{'0' * 32}"
    form = by_twilio.messages[GATEWAY.hand_over(Message(NUMBER, TEXT, "key"), a_trace())]
    assert form["MessagingServiceSid"] == settings.SMS_TWILIO_SERVICE
    assert "From" not in form


@pytest.mark.parametrize(
    ("failure", "permanent"),
    [
        ((400, 21610, "Attempt to send to unsubscribed recipient"), True),
        ((429, 20429, "Too Many Requests"), False),
        ((503, 20503, "Service unavailable"), False),
    ],
)
def test_refusals_are_sorted_and_kept_in_the_trace(
    by_twilio: Twilio, failure: tuple[int, int, str], permanent: bool
) -> None:
    by_twilio.fail = failure
    trace = a_trace()
    with pytest.raises(GatewayError) as refusal:
        GATEWAY.hand_over(Message(NUMBER, TEXT, "key"), trace)
    assert (refusal.value.permanent, refusal.value.sent_maybe) == (permanent, False)
    assert str(failure[1]) in trace.kept["steps"][-1]["text"]


def test_a_wrong_token_is_refused_without_secrets(by_twilio: Twilio, settings: Settings) -> None:
    settings.SMS_TWILIO_TOKEN = "wrong-token-0123456789"
    trace = a_trace()
    with pytest.raises(GatewayError) as refusal:
        GATEWAY.hand_over(Message(NUMBER, TEXT, "key"), trace)
    assert "wrong-token" not in str(refusal.value) + json.dumps(trace.kept)
    assert trace.kept["steps"][-1]["code"] == 401


@pytest.mark.row("F-05")
def test_an_answer_that_is_lost_or_strange_is_doubt_and_nothing_is_sent_twice(
    alice: User, clock: Clock, by_twilio: Twilio, http_gateway: HttpGateway, settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(transport, "ANSWER_SECONDS", 0.3)
    http_gateway.reset()
    settings.SMS_TWILIO_URL = http_gateway.url.removesuffix("/sms")
    http_gateway.drop(times=1)
    http_gateway.hang(1, times=1)
    http_gateway.answer(201, "<html>captive portal</html>")
    for turn in range(3):
        delivery = queued_sms(alice, now=clock.forward(minutes=1), code=f"00000{turn}")
        assert attempt(delivery, clock).state == Delivery.State.UNCERTAIN
        attempt(delivery, clock)
    assert len(http_gateway.requests) == 3


@pytest.mark.row("T-56")
def test_neither_code_nor_text_nor_token_is_in_the_trace(alice: User, clock: Clock, by_twilio: Twilio) -> None:
    sent = attempt(queued_sms(alice, now=clock(), code="271828"), clock)
    assert sent.state == Delivery.State.SENT
    assert sent.reference in by_twilio.messages
    kept = json.dumps(steps_of(sent))
    for secret in ("271828", "is your code", by_twilio.token, NUMBER):
        assert secret not in kept


def test_the_signature_is_the_published_one() -> None:
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    fields = {"CallSid": "CA1234567890ABCDE", "Digits": "1234", "To": "+18005551212"}
    for caller, expected in (
        ("+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("+14158675310", "GvWf1cFY/Q7PnoempGyD5oXAezc="),
    ):
        assert signature(url, fields | {"From": caller, "Caller": caller}, "12345") == expected


@pytest.mark.row("A-1.3.6")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMS_TWILIO_URL", "http://169.254.169.254/"), ("SMS_TWILIO_URL", "file:///etc/passwd"),
        ("SMS_TWILIO_URL", "https://10.0.0.1/"), ("SMS_TWILIO_ACCOUNT", "AC/../../x"), ("SMS_TWILIO_TOKEN", ""),
        ("SMS_TWILIO_TOKEN", "0123456789abcdef\r\nX: y"), ("SMS_TWILIO_SERVICE", "MG1"),
    ],
)  # fmt: skip
def test_settings_that_lead_elsewhere_send_nothing(
    by_twilio: Twilio, settings: Settings, name: str, value: str
) -> None:
    settings.DEBUG = False
    settings.SMS_TWILIO_URL = "https://api.twilio.com"
    setattr(settings, name, value)
    assert len(GATEWAY.problems()) == 1
    with pytest.raises(GatewayError):
        GATEWAY.hand_over(Message(NUMBER, TEXT, "key"), a_trace())
