"""The life of a temporary access code, which helpdesk lends and which opens the VPN for some hours."""

from __future__ import annotations

import pytest

from mfa.models import Application
from tests.browser.stage import give_app
from tests.browser.stories_of_factors.desk import Order
from tests.browser.stories_of_factors.life import Life
from tests.browser.stories_of_factors.test_activation import shown
from tests.stories.acting import code_of

LABEL = "Temporary access code"
LEND = Order("Give a temporary access code", where="VPN")
END = Order("End the temporary access code")


@pytest.fixture
def phone(life: Life) -> bytes:
    """An app that opens portal and VPN; the phone has been left at home."""
    Application.objects.create(slug="vpn", name="VPN")
    return give_app(life.user, name="Work phone")


def test_the_life_of_a_temporary_access_code(life: Life, phone: bytes) -> None:
    code = is_lent(life)
    uses(life, code)
    tries_and_renames(life, phone)
    code = loses_and_replaces(life, code)
    removes(life, code)
    is_reset(life)


def is_lent(life: Life) -> str:
    code = shown(life.desk.do_with_a_second(LEND, life.user))
    assert life.was_told("temporary-issued")
    return code


def uses(life: Life, code: str) -> None:
    assert life.opens_the_vpn(code)
    assert not life.opens(code, "temporary"), "never the portal"


def tries_and_renames(life: Life, phone: bytes) -> None:
    """A test would use one up; and it is helpdesk's, who say until when and where."""
    walk = life.walk
    walk.give_password(life.user)
    walk.send("Code from your authenticator app", code_of(phone))
    walk.card(LABEL).get_by_text("for vpn").wait_for()
    walk.can_do(LABEL)


def loses_and_replaces(life: Life, lost: str) -> str:
    """A new one is asked for, and ends the one before."""
    code = is_lent(life)
    assert not life.opens_the_vpn(lost)
    assert life.opens_the_vpn(code)
    return code


def removes(life: Life, code: str) -> None:
    life.desk.do(END, life.user, identity="").reads("has ended")
    assert not life.opens_the_vpn(code)
    life.walk.go_home()
    life.walk.has_cards(LABEL, 0)


def is_reset(life: Life) -> None:
    code = is_lent(life)
    life.is_reset_by_two()
    assert not life.opens_the_vpn(code)
    life.password_alone_enrols_nothing()
