"""What the portal refuses of a passkey, each by way of a real ceremony. Where an honest browser would not even answer,
this one is told to ask or to send otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.db import connection
from playwright.sync_api import Route

from accounts.models import User
from mfa.factors.webauthn.refusals import TooMany
from mfa.models import AuthenticationRecord, Factor
from mfa.outcomes import (
    PASSKEY_INCORRECT,
    PASSKEY_REPLAYED,
    PASSKEY_UNKNOWN,
    PASSKEY_UNVERIFIED,
    PASSKEY_VERIFIED,
)
from tests.browser.stage import Stage, give_app, give_passkey, passkey_of, person
from tests.browser.test_passkeys import ALONE, says
from tests.mfa.doors import add_factor
from tests.stories.soft_key import SoftKey

NOT_HERE = "That passkey did not open an account here."


@pytest.fixture
def alice(portal: str) -> User:
    return person()


def ask_otherwise(stage: Stage, address: str, change: Callable[[dict[str, Any]], object]) -> None:
    """The browser's script hears other options than the portal gave."""

    def changed(route: Route) -> None:
        answer = route.fetch()
        options = answer.json()
        change(options)
        route.fulfill(response=answer, json=options)

    stage.page.route(f"**{address}", changed)


def results() -> list[int]:
    return list(AuthenticationRecord.objects.filter(kind="webauthn").order_by("pk").values_list("code", flat=True))


def test_a_signature_of_another_key_is_told_in_words(stage: Stage, alice: User) -> None:
    stage.authenticator(give_passkey(alice))
    row = passkey_of(alice)
    row.seal(SoftKey()._public_key())
    row.save()
    stage.hear_nothing_in_field()
    stage.give_password(alice)
    stage.press("Use a passkey")
    stage.reads(
        "The passkey gave an answer that is not right here. Try again. You have no other way: helpdesk can help."
    )
    assert results() == [PASSKEY_INCORRECT.code]


def test_the_passkey_of_somebody_else_is_told_in_words(stage: Stage, alice: User) -> None:
    give_passkey(alice)
    stage.authenticator(give_passkey(person("bob")))
    stage.hear_nothing_in_field()
    ask_otherwise(stage, "/sign-in/code/send/?*", lambda options: options.pop("allowCredentials"))
    stage.give_password(alice)
    stage.press("Use a passkey")
    stage.reads("That passkey does not belong to this account. Choose the one that does, or ask helpdesk.")
    assert results() == [PASSKEY_UNKNOWN.code]


def test_a_touch_alone_opens_nothing_though_the_browser_lets_it_pass(stage: Stage, alice: User) -> None:
    key = give_passkey(alice)
    stage.authenticator(key, hasUserVerification=False, isUserVerified=False, transport="usb")
    stage.hear_nothing_in_field()
    named = [{"type": "public-key", "id": key.name}]
    ask_otherwise(
        stage,
        "/webauthn/sign-in/options/",
        lambda asked: asked.update(userVerification="discouraged", allowCredentials=named),
    )
    stage.open("/sign-in/")
    stage.press(ALONE)
    stage.reads(NOT_HERE)
    assert results() == [PASSKEY_UNVERIFIED.code]


def test_an_answer_that_is_sent_twice_counts_once(stage: Stage, alice: User) -> None:
    stage.authenticator(give_passkey(alice))
    stage.hear_nothing_in_field()

    led_to: list[str] = []

    def twice(route: Route) -> None:
        sent = route.request.all_headers()
        for _ in range(2):
            answer = route.fetch(headers=sent, max_redirects=0)
            led_to.append(answer.headers["location"])
        route.fulfill(response=answer)

    stage.page.route("**/webauthn/sign-in/", twice)
    stage.open("/sign-in/")
    with stage.page.expect_navigation():
        stage.press(ALONE)
    first, second = led_to
    assert first == "/"
    assert second.startswith("/sign-in/")
    assert results() == [PASSKEY_VERIFIED.code, PASSKEY_REPLAYED.code]


def test_a_passkey_that_somebody_else_has_by_now_is_told_in_words(stage: Stage, alice: User) -> None:
    give_app(alice)
    bob = person("bob")
    stage.authenticator()
    stage.let_in(alice)

    def taken(route: Route) -> None:
        if route.request.method == "POST":
            key = json.loads(parse_qs(route.request.post_data or "")["code"][0])["id"]
            add_factor(bob, "webauthn", key=key)
            connection.close()  # Playwright calls from a context of its own, and nobody else knows its connection
        route.continue_()

    stage.page.route("**/webauthn/add/", taken)
    stage.open("/webauthn/add/")
    stage.press("Make a passkey")
    stage.reads("This passkey is set up already. Nothing was changed.")
    assert not Factor.objects.filter(user=alice, kind="webauthn").exists()


def test_one_too_many_is_told_before_the_browser_asks_for_anything(stage: Stage, alice: User) -> None:
    for _ in range(TooMany.most):
        give_passkey(alice)
    device = stage.authenticator()
    stage.let_in(alice)
    stage.open("/webauthn/add/")
    stage.press("Make a passkey")
    says(stage, f"You have {TooMany.most} passkeys already. Remove one first.")
    assert device.keys == []
