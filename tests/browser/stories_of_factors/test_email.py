"""The life of codes by mail, where the portal itself takes them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings
from playwright.sync_api import expect

from accounts.models import User
from tests.browser.stage import code_in, latest_message
from tests.browser.stories_of_factors.life import Life

LABEL = "E-mail"
CODE = "6-digit code from the e-mail"
NEW = "alice.new@example.test"
A_MINUTE = 61


@pytest.fixture(autouse=True)
def taken_by_the_portal() -> Iterator[None]:
    with override_settings(EMAIL_CODES_IN_PORTAL=True):
        yield


def test_the_life_of_codes_by_mail(life: Life) -> None:
    life.walk.give_password(life.user)
    enrols(life)
    uses(life)
    tries(life)
    renames(life)
    replaces(life)
    removes(life)
    loses(life)
    is_reset(life)


def enrols(life: Life) -> None:
    life.walk.press("A code comes to your mailbox")
    confirms(life)
    life.walk.puts_recovery_codes_off()


def confirms(life: Life) -> None:
    life.walk.press("Send a code to this mailbox")
    life.walk.send("6-digit code", code_in(latest_message(life.user.email)))
    life.walk.reads("Your mailbox is confirmed.")


def uses(life: Life) -> None:
    life.wait(A_MINUTE)
    life.comes_back()
    has_one_sent(life)
    life.walk.heading_is("Your second factors")


def has_one_sent(life: Life) -> None:
    life.walk.press("Send the code")
    life.walk.send(CODE, code_in(latest_message(life.user.email)))


def tries(life: Life) -> None:
    life.wait(A_MINUTE)
    life.walk.press("Test – E-mail")
    has_one_sent(life)
    life.walk.reads("Right: “E-mail” works.")


def renames(life: Life) -> None:
    """The address is its name; there is nothing else to call it."""
    life.walk.can_do(LABEL, "Test", "Remove")


def replaces(life: Life) -> None:
    """The organisation decides about the address; codes rest until its owner has confirmed the new one."""
    walk = life.walk
    life.wait(A_MINUTE)
    User.objects.filter(pk=life.user.pk).update(email=NEW)
    life.user.refresh_from_db()
    walk.go_home()
    walk.reads("Your e-mail address has changed")
    walk.has_cards(LABEL, 0)
    walk.press("Confirm the address")
    confirms(life)
    walk.go_home()
    expect(walk.card(LABEL)).to_contain_text("Ready")


def removes(life: Life) -> None:
    walk = life.walk
    life.keeps_the_last("Remove – E-mail", "Remove codes by e-mail")
    walk.press("Remove – E-mail")
    walk.press("Remove codes by e-mail")
    walk.reads("Codes by e-mail are switched off for your account.")
    walk.has_cards(LABEL, 0)


def loses(life: Life) -> None:
    """Somebody else reads the mailbox: said after the password alone."""
    walk = life.walk
    life.wait(A_MINUTE)
    walk.go_home()
    enrols(life)
    life.comes_back()
    walk.press("I lost it")
    walk.tick("E-mail · ")
    walk.press("Suspend these")
    walk.reads("Ask helpdesk for an activation code")
    assert life.was_told("phone-lost")


def is_reset(life: Life) -> None:
    life.is_reset_by_two()
    life.password_alone_enrols_nothing()
