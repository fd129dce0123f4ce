"""The first factor leads on to a way back in, of whichever kind it is; and what is lost can be said of each device."""

from __future__ import annotations

import re

from django.test import Client

from accounts.models import User
from mfa import lost
from mfa.models import Factor
from tests.browser.stage import code_in, latest_message
from tests.mfa.tokens.shelf import pressed, put
from tests.stories import acting

NUMBER = "+4915123456789"


def token_claimed(client: Client) -> str:
    put("AB1001")
    answer = client.post("/token/add/", {"serial": "AB1001", "code": pressed(1)}, secure=True)
    return answer.headers["Location"]


def number_confirmed(client: Client) -> str:
    client.post("/sms/change/", {"country": "DE", "number": NUMBER}, secure=True)
    answer = client.post("/sms/confirm/", {"code": code_in(latest_message(NUMBER))}, secure=True)
    return answer.headers["Location"]


def test_a_token_and_a_number_lead_on_where_they_are_the_first_factor(client: Client, alice: User) -> None:
    acting.give_password(client, "alice")
    assert number_confirmed(client) == "/recovery/"
    assert token_claimed(client) == "/"


def test_a_token_leads_on_where_it_is_the_first_factor(client: Client, alice: User) -> None:
    acting.give_password(client, "alice")
    assert token_claimed(client) == "/recovery/"


def test_a_lost_token_is_said_on_its_card_and_ticked_alone(client: Client, alice: User) -> None:
    acting.with_app(client, alice)
    token_claimed(client)
    token = Factor.objects.get(user=alice, kind="token")
    path = f"/lost-phone/?gone=token-{token.pk}"
    assert f'href="{path}"' in client.get("/", secure=True).content.decode()
    page = client.get(path, secure=True).content.decode()
    assert "What is gone?" in page
    assert ticked(page) == [f"token-{token.pk}"]
    assert client.post(path, {"gone": f"token-{token.pk}"}, secure=True).headers["Location"] == "/lost-phone/next/"
    assert list(lost.suspended(alice)) == [token]


def test_a_lost_phone_ticks_what_was_on_it_whatever_the_address_says(client: Client, alice: User) -> None:
    acting.with_app(client, alice)
    token_claimed(client)
    app = Factor.objects.get(user=alice, kind="totp")
    for path in ("/lost-phone/", "/lost-phone/?gone=token-0"):
        page = client.get(path, secure=True).content.decode()
        assert "What was on it?" in page
        assert ticked(page) == [f"totp-{app.pk}"], path


def ticked(page: str) -> list[str]:
    boxes = re.findall(r"<input[^>]*type=\"checkbox\"[^>]*>", page)
    return [re.findall(r'value="([^"]*)"', box)[0] for box in boxes if " checked" in box]
