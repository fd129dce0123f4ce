"""The life of a hardware token, whose button makes a new code at each press."""

from __future__ import annotations

from tests.browser.stories_of_factors.life import Life
from tests.mfa.tokens.shelf import is_free, pressed, put

LABEL = "Hardware token"
CODE = "Code from your hardware token"
OTHER_SEED = b"another seed of a token"


def test_the_life_of_a_hardware_token(life: Life) -> None:
    put("AB1001")
    put("AB1002", secret=OTHER_SEED)
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
    claims(life, "ab-1001", pressed(1))
    life.walk.puts_recovery_codes_off()


def claims(life: Life, serial: str, code: str) -> None:
    life.walk.press("A small device from your organisation")
    life.walk.write("Serial number", serial)
    life.walk.send("Code that the token shows", code)
    life.walk.reads("The token is yours now.")


def uses(life: Life) -> None:
    life.comes_back()
    life.walk.send(CODE, pressed(2))
    life.walk.heading_is("Your second factors")


def tries(life: Life) -> None:
    life.walk.press("Test – Hardware token")
    life.walk.send(CODE, pressed(3))
    life.walk.reads("Right: “Hardware token” works.")


def renames(life: Life) -> None:
    life.walk.press("Rename – Hardware token")
    life.walk.send("Name", "Old token")
    life.walk.reads("It is called “Old token” now.")


def replaces(life: Life) -> None:
    """A seed does not move: the new token is taken from stock, and the old one given back, which works until then."""
    walk = life.walk
    walk.can_do(LABEL, "Test", "Rename", "I lost it", "Give it back")
    claims(life, "AB1002", pressed(1, secret=OTHER_SEED))
    assert life.opens(pressed(4), "token")
    walk.press("Give it back – Old token")
    walk.press("Give it back")
    walk.reads("“Old token” is removed and no longer works here.")
    assert is_free("AB1001")
    assert not life.opens(pressed(5), "token")
    assert life.opens(pressed(2, secret=OTHER_SEED), "token")


def removes(life: Life) -> None:
    walk = life.walk
    life.must_have_one()
    walk.go_home()
    walk.removal_is_refused("Give it back – ", "Give it back")
    assert not is_free("AB1002")


def loses(life: Life) -> None:
    walk = life.walk
    walk.press("I lost it – ")
    walk.press("Suspend these")
    walk.reads("Ask helpdesk for an activation code")
    assert not life.opens(pressed(3, secret=OTHER_SEED), "token")
    assert life.was_told("phone-lost")


def is_reset(life: Life) -> None:
    life.is_reset_by_two()
    life.password_alone_enrols_nothing()
