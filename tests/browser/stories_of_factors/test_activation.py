"""The life of an activation code, which helpdesk gives and which opens one set-up."""

from __future__ import annotations

from playwright.sync_api import expect

from mfa import policy
from tests.browser.stories_of_factors.desk import ACTIVATE, Order
from tests.browser.stories_of_factors.life import Life
from tests.browser.stories_of_factors.test_totp import sets_up
from tests.browser.stories_of_factors.walk import Walk

LABEL = "Activation code"
WITHDRAW = Order("Withdraw the activation code")


def test_the_life_of_an_activation_code(life: Life) -> None:
    policy.demand_activation(life.user, demanded=True)
    lost = is_issued(life)
    wrong_hands = loses_and_replaces(life, lost)
    code = removes(life, wrong_hands)
    uses(life, code)
    tries_and_renames(life)
    is_reset(life, code)


def is_issued(life: Life) -> str:
    """To be typed or scanned, and shown once; who never had a factor gets it from one agent."""
    return shown(life.desk.do(ACTIVATE, life.user))


def shown(agent: Walk) -> str:
    agent.reads("Shown this once.")
    expect(agent.stage.page.get_by_role("img", name="QR code of the same text")).to_be_visible()
    return agent.stage.page.locator(".admin-code-text code").inner_text()


def loses_and_replaces(life: Life, lost: str) -> str:
    """A new one is asked for, and ends the one before."""
    walk = life.walk
    walk.give_password(life.user)
    walk.reads("No code yet? Ask")
    code = is_issued(life)
    walk.send(LABEL, lost)
    walk.reads("That is not your newest activation code.")
    return code


def removes(life: Life, wrong_hands: str) -> str:
    """Helpdesk withdraws what the wrong one has got, and gives another."""
    life.desk.do(WITHDRAW, life.user, identity="").reads("The activation code was withdrawn.")
    life.walk.send(LABEL, wrong_hands)
    life.walk.reads("This activation code no longer works. Ask helpdesk for a new one; your clock is not the cause.")
    return is_issued(life)


def uses(life: Life, code: str) -> None:
    life.walk.send(LABEL, code.lower())
    life.walk.heading_is("Protect your account")
    sets_up(life, "Work phone")
    life.walk.press("Later")
    assert life.was_told("activation-used")


def tries_and_renames(life: Life) -> None:
    """It has done its one act: there is nothing to test or to name."""
    life.walk.go_home()
    life.walk.has_cards(LABEL, 0)
    life.walk.open("/test/?way=activation")
    life.walk.heading_is("Test: Authenticator app")


def is_reset(life: Life, code: str) -> None:
    """The code of before opens nothing again."""
    life.is_reset_by_two()
    life.password_alone_enrols_nothing()
    life.walk.send(LABEL, code)
    life.walk.reads("This activation code was used already.")
    life.walk.reads("your clock is not the cause")
