"""Gateways are found by name, and nothing else is."""

from __future__ import annotations

import logging

import pytest
from pytest_django import Settings

from mfa.delivery import gateways
from mfa.delivery.gateways import UnknownGateway
from mfa.delivery.gateways.base import Gateway, GatewayError, Message
from mfa.delivery.traces import Trace
from tests.mfa.delivery.messages import a_trace


def test_the_gateways_in_use_come_in_the_order_of_the_setting(settings: Settings) -> None:
    settings.SMS_GATEWAYS = ["kannel", "inbox"]
    assert [gateway.name for gateway in gateways.in_use()] == ["kannel", "inbox"]


@pytest.mark.parametrize("name", ["nobody", "base", "transport", "os.path", "../mail", "", "Http", "__init__"])
def test_what_is_no_gateway_is_refused(name: str) -> None:
    with pytest.raises(UnknownGateway):
        gateways.named(name)


class Broken(Gateway):
    name = "broken"

    def submit(self, message: Message, trace: Trace) -> str:
        raise ConnectionResetError("peer said 123456")


def test_a_gateway_needs_one_method_and_its_breakdowns_become_doubt(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(GatewayError) as refusal:
        Broken().hand_over(Message("+491701234567", "123456", "key"), a_trace())
    assert refusal.value.sent_maybe
    assert "123456" not in caplog.text
    assert "+491701234567" not in caplog.text
    assert "123456" not in repr(Message("+491701234567", "123456", "key"))


@pytest.mark.row("T-65")
@pytest.mark.parametrize("text", ["", "a\x00b", "a\rb", "a\x1b[2Jb", "a\u2028b", "a\tb"])
def test_control_characters_reach_no_provider(text: str) -> None:
    with pytest.raises(GatewayError) as refusal:
        Broken().hand_over(Message("+491701234567", text, "key"), a_trace())
    assert refusal.value.permanent
    assert not refusal.value.sent_maybe
