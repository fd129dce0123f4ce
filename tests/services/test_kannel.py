"""An SMS given to Kannel reaches the pretended mobile network as it was written."""

from __future__ import annotations

import pytest
import requests

from tests.services.http_gateway import HttpGateway
from tests.services.kannel import Kannel

TO = "+447400123456"


@pytest.fixture(autouse=True)
def _no_messages(kannel: Kannel) -> None:
    kannel.start()
    kannel.clear()


@pytest.mark.parametrize(
    "text",
    [
        "Your code is 123 456",
        "two\nlines",
        "50% + 50% = £1",
        "long " * 60 + "end",
        "Ваш код 123",
        "Ваш код " * 30,
        "您的验证码是 1",
    ],
)
def test_text_arrives_as_it_was_written(kannel: Kannel, text: str) -> None:
    assert _send(kannel, text=text).status_code == 202
    message = kannel.wait_for(TO)
    assert message.sender == "PORTAL"
    assert message.text == text
    assert kannel.messages() == [message]


def test_wrong_password_is_refused(kannel: Kannel) -> None:
    assert _send(kannel, password="wrong").status_code == 403
    assert kannel.messages() == []


def test_waiting_for_an_sms_that_does_not_come_ends(kannel: Kannel) -> None:
    with pytest.raises(TimeoutError, match="No SMS number 1"):
        kannel.wait_for(TO, timeout=0.1)


def test_delivery_is_reported(kannel: Kannel, http_gateway: HttpGateway) -> None:
    http_gateway.reset()
    _send(kannel, **{"dlr-mask": "31", "dlr-url": f"{http_gateway.url}?status=%d"})
    delivered, taken_by_the_network = {"status": "1"}, {"status": "8"}
    reports = [report.query for report in http_gateway.wait_for(2)]
    assert delivered in reports
    assert taken_by_the_network in reports


def test_smsbox_can_be_taken_away_and_brought_back(kannel: Kannel) -> None:
    kannel.stop_smsbox()
    with pytest.raises(requests.ConnectionError):
        _send(kannel)
    kannel.start_smsbox()
    _send(kannel)
    assert kannel.wait_for(TO)


def test_messages_wait_while_the_mobile_network_is_away(kannel: Kannel) -> None:
    kannel.stop_network()
    assert _send(kannel).status_code == 202
    assert kannel.messages() == []
    kannel.start_network()
    assert kannel.wait_for(TO).text == "hello"


def _send(kannel: Kannel, *, text: str = "hello", password: str | None = None, **more: str) -> requests.Response:
    coding = "0" if text.isascii() or "£" in text else "2"
    query = {"username": kannel.username, "password": password or kannel.password, "from": "PORTAL", "to": TO}
    return requests.get(
        kannel.url, params={**query, "text": text, "charset": "UTF-8", "coding": coding, **more}, timeout=10
    )
