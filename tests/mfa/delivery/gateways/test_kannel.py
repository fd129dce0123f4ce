"""The Kannel gateway with a real Kannel and its pretended mobile network."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from mfa.delivery.gateways import transport
from mfa.delivery.gateways.base import GatewayError, Message
from mfa.delivery.gateways.kannel import GATEWAY
from tests.mfa.delivery.messages import a_trace
from tests.services.http_gateway import HttpGateway
from tests.services.kannel import Kannel

NUMBER = "+491701234567"


@pytest.mark.parametrize(
    "text",
    [
        "123456 is your code.\n\n@portal.test #123456",
        "[50 %] äöüß € ~ {x} ^ \\ | @ £",
        "Ваш код 123456\n@portal.test #123456",
        "您的验证码是 123456 😀",
        "long " * 60 + "end",
        "%0D%0A&to=%2B4990012345 + plus",
    ],
)
def test_text_and_plus_arrive_as_they_are(by_kannel: Kannel, text: str) -> None:
    GATEWAY.hand_over(Message(NUMBER, text, "key"), a_trace())
    message = by_kannel.wait_for(NUMBER)
    assert (message.sender, message.text) == ("Portal", text)
    assert len(by_kannel.messages()) == 1


def test_it_accepts_while_the_mobile_network_is_away(by_kannel: Kannel) -> None:
    by_kannel.stop_network()
    GATEWAY.hand_over(Message(NUMBER, "later", "key"), a_trace())
    by_kannel.start_network()
    assert by_kannel.wait_for(NUMBER).text == "later"


def test_a_wrong_password_is_a_refusal_without_secrets(by_kannel: Kannel, settings: Settings) -> None:
    settings.SMS_KANNEL_PASSWORD = "wrong-password"
    with pytest.raises(GatewayError) as refusal:
        GATEWAY.hand_over(Message(NUMBER, "text", "key"), a_trace())
    assert refusal.value.permanent
    assert "wrong-password" not in str(refusal.value)


def test_out_of_reach_is_surely_not_sent(by_kannel: Kannel) -> None:
    by_kannel.stop_smsbox()
    with pytest.raises(GatewayError) as refusal:
        GATEWAY.hand_over(Message(NUMBER, "text", "key"), a_trace())
    by_kannel.start_smsbox()
    assert not refusal.value.permanent
    assert not refusal.value.sent_maybe


def test_silence_and_strange_answers_are_doubt(
    by_kannel: Kannel, http_gateway: HttpGateway, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "ANSWER_SECONDS", 0.3)
    http_gateway.reset()
    settings.SMS_KANNEL_URL = http_gateway.url
    http_gateway.hang(1, times=1)
    http_gateway.answer(200, "<html>captive portal</html>")
    for _ in range(2):
        with pytest.raises(GatewayError) as refusal:
            GATEWAY.hand_over(Message(NUMBER, "text", "key"), a_trace())
        assert refusal.value.sent_maybe


def test_no_secret_and_no_code_is_in_the_address(
    by_kannel: Kannel, http_gateway: HttpGateway, settings: Settings
) -> None:
    http_gateway.reset()
    http_gateway.answer(202, "0: Accepted for delivery")
    settings.SMS_KANNEL_URL = http_gateway.url
    GATEWAY.hand_over(Message(NUMBER, "654321", "key"), a_trace())
    (request,) = http_gateway.requests
    assert request.path == "/sms"
