"""The life of an authenticator app."""

from __future__ import annotations

from tests.browser.stories_of_factors.life import Life
from tests.stories.acting import code_of

LABEL = "Authenticator app"
CODE = "Code from your authenticator app"


def test_the_life_of_an_authenticator_app(life: Life) -> None:
    life.walk.give_password(life.user)
    phone = enrols(life)
    uses(life, phone)
    tries(life, phone)
    renames(life)
    replaces(life, phone)
    removes(life)
    loses(life)
    is_reset(life)


def enrols(life: Life, name: str = "Work phone") -> bytes:
    walk = life.walk
    walk.reads("Only your password protects your account")
    secret = sets_up(life, name)
    walk.puts_recovery_codes_off()
    walk.can_do(LABEL, "Test", "Rename", "New phone", "Remove")
    return secret


def sets_up(life: Life, name: str) -> bytes:
    life.walk.press("An app on your phone or computer shows a new code")
    life.walk.write("Name", name)
    life.walk.press("Show the QR code")
    return scans(life)


def scans(life: Life) -> bytes:
    life.walk.heading_is("Scan this with your app")
    secret = life.walk.stage.key_on_page()
    life.walk.send(CODE, code_of(secret))
    return secret


def uses(life: Life, phone: bytes) -> None:
    life.wait()
    life.comes_back()
    life.walk.send(CODE, code_of(phone))
    life.walk.heading_is("Your second factors")


def tries(life: Life, phone: bytes) -> None:
    life.wait()
    life.walk.press("Test – Work phone")
    life.walk.send(CODE, code_of(phone))
    life.walk.reads("Right: “Work phone” works.")


def renames(life: Life) -> None:
    life.walk.press("Rename – Work phone")
    life.walk.send("Name", "Old phone")
    life.walk.reads("It is called “Old phone” now.")


def replaces(life: Life, phone: bytes) -> None:
    life.wait()
    life.walk.press("New phone – Old phone")
    life.walk.press("Show the QR code")
    assert life.opens(code_of(phone), "totp"), "the old phone works until the new one has shown a code"
    new_phone = scans(life)
    life.walk.reads("“Old phone” is set up.")
    life.wait()
    assert not life.opens(code_of(phone), "totp")
    assert life.opens(code_of(new_phone), "totp")
    assert life.was_told("factor-replaced")


def removes(life: Life) -> None:
    walk = life.walk
    life.keeps_the_last("Remove – Old phone", "Remove the app")
    walk.press("Remove – Old phone")
    walk.reads("Without it only your password protects the account.")
    walk.press("Remove the app")
    walk.reads("“Old phone” is removed and no longer works here.")
    walk.has_cards(LABEL, 0)
    assert life.was_told("factor-removed")


def loses(life: Life) -> None:
    """Said after the password alone: the phone is what they would have confirmed it with."""
    walk = life.walk
    phone = enrols(life)
    life.comes_back()
    walk.press("I lost my phone")
    walk.press("Suspend these")
    walk.heading_is("What to do now")
    walk.reads("Ask helpdesk for an activation code")
    life.wait()
    assert not life.opens(code_of(phone), "totp"), "a finder of the phone who knows the password"
    assert life.was_told("phone-lost")


def is_reset(life: Life) -> None:
    life.is_reset_by_two()
    life.password_alone_enrols_nothing()
