"""What a removed app opens, and when the last one stays."""

from __future__ import annotations

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import policy, temporary
from mfa.models import Application, Factor
from tests.mfa.doors import add_factor
from tests.stories import acting
from tests.stories.apps import pk_of, set_up
from tests.stories.browsing import follow, get, post, text
from tests.stories.noon import clock

__all__ = ["clock"]


@pytest.mark.row("A-6.5.6")
def test_a_removed_app_opens_nothing_and_other_sessions_end(
    client: Client, alice: User, clock: time_machine.Traveller
) -> None:
    person = acting.with_app(client, alice)
    second = set_up(client, "Second")
    elsewhere = Client(headers={"host": "portal.test"})
    clock.shift(60)
    acting.give_password(elsewhere, "alice")
    acting.give_code(elsewhere, person.code())
    assert get(elsewhere, "/history/").status_code == 200
    page = f"/totp/{pk_of('Authenticator app')}/remove/"
    assert "Remove “Authenticator app”" in text(get(client, page))
    assert "is removed" in text(follow(client, post(client, page)))
    assert get(elsewhere, "/history/").status_code == 302
    clock.shift(60)
    acting.give_password(elsewhere, "alice")
    assert acting.give_code(elsewhere, person.code()).status_code == 422
    assert acting.give_code(elsewhere, second.code()).status_code == 302


@pytest.mark.parametrize("removed", ["Authenticator app", "Second"])
def test_who_removes_the_app_of_this_session_stays_signed_in(client: Client, alice: User, removed: str) -> None:
    acting.with_app(client, alice)
    set_up(client, "Second")
    post(client, f"/totp/{pk_of(removed)}/remove/")
    assert get(client, "/history/").status_code == 200


@pytest.mark.row("T-22c")
def test_the_last_factor_stays_while_one_is_required(client: Client, alice: User) -> None:
    acting.with_app(client, alice)
    policy.require(alice, True, actor=None, reason="test")
    page = f"/totp/{pk_of('Authenticator app')}/remove/"
    shown = text(get(client, page))
    assert "Your account must have one" in shown
    assert "Remove the app</button>" not in shown
    assert "Move to a new phone" in shown
    assert post(client, page).status_code == 409
    assert Factor.objects.filter(user=alice, confirmed=True).exists()


def test_removing_the_last_factor_warns_and_then_obeys(client: Client, alice: User) -> None:
    acting.with_app(client, alice)
    page = f"/totp/{pk_of('Authenticator app')}/remove/"
    assert "only your password protects" in text(get(client, page))
    assert "is removed" in text(follow(client, post(client, page)))
    assert not Factor.objects.filter(user=alice).exists()


def test_before_it_goes_the_page_names_the_gateways_that_take_nothing_else(client: Client, alice: User) -> None:
    """A passkey opens the portal, and no code of it can be typed at a gateway; what helpdesk lends ends soon."""
    vpn = Application.objects.create(slug="vpn", name="Company VPN")
    Application.objects.create(slug="router", name="Old router", kinds=["motp"])
    acting.with_app(client, alice)
    add_factor(alice, "webauthn", "Laptop", key="laptop")
    terms = temporary.Terms(2, 3, (vpn.slug,))
    temporary.issue(alice, terms, actor=alice, reason="test", now=timezone.now())
    page = f"/totp/{pk_of('Authenticator app')}/remove/"
    shown = text(get(client, page))
    assert "Without it no code of yours works there: Company VPN." in shown
    set_up(client, "Second")
    assert "no code of yours" not in text(get(client, page))


def test_without_any_gateway_nothing_is_said_of_one(client: Client, alice: User) -> None:
    acting.with_app(client, alice)
    add_factor(alice, "webauthn", "Laptop", key="laptop")
    assert "no code of yours" not in text(get(client, f"/totp/{pk_of('Authenticator app')}/remove/"))
