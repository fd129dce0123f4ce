"""The life of codes by SMS."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.stage import code_in, give_app, latest_message
from tests.browser.stories_of_factors.desk import RESET
from tests.browser.stories_of_factors.life import Life
from tests.stories.acting import code_of

LABEL = "SMS"
CODE = "6-digit code from the SMS"
NUMBER, NEW = "+4915123456789", "+436645550123"
A_MINUTE, AN_HOUR = 61, 3601
"""How long one waits for the next message, and for the sixth."""


def test_the_life_of_codes_by_sms(life: Life) -> None:
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
    walk = life.walk
    walk.press("A code comes to your phone by text message.")
    walk.send("Mobile number", "0151 23456789")
    walk.heading_is("Confirm your new number")
    walk.send("6-digit code", code_in(latest_message(NUMBER)))
    walk.reads("Your new number is confirmed.")
    walk.puts_recovery_codes_off()


def uses(life: Life) -> None:
    life.wait(A_MINUTE)
    life.comes_back()
    has_one_sent(life, NUMBER)
    life.walk.heading_is("Your second factors")


def has_one_sent(life: Life, number: str) -> None:
    life.walk.press("Send the code")
    life.walk.send(CODE, code_in(latest_message(number)))


def tries(life: Life) -> None:
    life.wait(A_MINUTE)
    life.walk.press("Test – SMS")
    has_one_sent(life, NUMBER)
    life.walk.reads("Right: “SMS” works.")


def renames(life: Life) -> None:
    """The number is its name; there is nothing else to call it."""
    life.walk.can_do(LABEL, "(Change settings)", "Test", "Remove")


def replaces(life: Life) -> None:
    """In a dialog over the first page; the country is found by typing its name."""
    walk = life.walk
    life.wait(A_MINUTE)
    walk.press_here("(Change settings)")
    dialog = walk.stage.page.get_by_role("dialog", name="Phone number for SMS codes")
    expect(dialog.locator(".iti__selected-country")).to_be_visible()
    walk.look()
    walk.press_here("Country: Germany")
    walk.stage.page.keyboard.type("austri")
    expect(walk.stage.page.locator(".iti__highlight")).to_contain_text("Austria")
    walk.stage.page.keyboard.press("Enter")
    walk.send("Mobile number", "0664 5550123")
    walk.reads("Your old number works until then.")
    code = code_in(latest_message(NEW))
    life.user.refresh_from_db()
    assert life.user.phone == NUMBER
    walk.send("6-digit code", code)
    walk.reads("Your new number is confirmed.")
    life.user.refresh_from_db()
    assert life.user.phone == NEW
    assert "/sms/undo/" in latest_message(NUMBER)


def removes(life: Life) -> None:
    walk = life.walk
    life.keeps_the_last("Remove – SMS", "Remove the number")
    walk.press("Remove – SMS")
    walk.press("Remove the number")
    walk.reads("Your phone number is removed. No more codes are sent by SMS.")
    walk.has_cards(LABEL, 0)


def loses(life: Life) -> None:
    """The app is on a tablet at home, and brings the phone back once it is found."""
    walk = life.walk
    life.wait(A_MINUTE)
    walk.go_home()
    enrols(life)
    tablet = give_app(life.user, name="Tablet")
    walk.give_password(life.user)
    walk.press("I lost my phone")
    walk.tick("Authenticator app · Tablet")
    walk.press("Suspend these")
    walk.reads("Go on signing in with")
    assert "Reported lost and suspended: SMS." in latest_message(NUMBER)
    walk.press("Authenticator app")
    walk.send("Code from your authenticator app", code_of(tablet))
    walk.can_do(LABEL, "It is back", "Remove")
    walk.press("It is back – SMS")
    walk.press("Let it work again")
    walk.reads("works again")


def is_reset(life: Life) -> None:
    life.wait(AN_HOUR)
    life.desk.do_after_a_caller_check(RESET, life.user, LABEL, NUMBER).reads("All second factors were reset.")
    assert life.was_told("factors-reset")
    life.password_alone_enrols_nothing()
