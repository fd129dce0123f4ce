"""The life of a passkey, with Chromium's virtual authenticator."""

from __future__ import annotations

from tests.browser.authenticator import VirtualAuthenticator
from tests.browser.stories_of_factors.life import Life

LABEL = "Passkey"
ALONE = "Sign in with a passkey"


def test_the_life_of_a_passkey(life: Life) -> None:
    life.walk.stage.hear_nothing_in_field()
    life.walk.give_password(life.user)
    laptop = life.walk.stage.authenticator()
    enrols(life)
    uses(life)
    tries(life)
    renames(life)
    replaces(life, laptop)
    removes(life)
    loses(life)
    is_reset(life)


def enrols(life: Life) -> None:
    makes_one(life)
    life.walk.puts_recovery_codes_off()


def makes_one(life: Life) -> None:
    life.walk.press("Nothing to type, and no fake page can use it.")
    life.walk.press("Make a passkey")
    life.walk.reads("is set up.")


def uses(life: Life) -> None:
    """After the password, and without one."""
    life.comes_back()
    life.walk.press("Use a passkey")
    life.walk.heading_is("Your second factors")
    life.walk.sign_out(life.user)
    life.walk.press(ALONE)
    life.walk.heading_is("Your second factors")


def tries(life: Life) -> None:
    life.walk.press("Test – Passkey")
    life.walk.press("Use a passkey")
    life.walk.reads("Right: “Passkey” works.")


def renames(life: Life) -> None:
    life.walk.press("Rename – Passkey")
    life.walk.send("Name", "Old laptop")
    life.walk.reads("It is called “Old laptop” now.")


def replaces(life: Life, laptop: VirtualAuthenticator) -> None:
    """Keys do not move: one is made on the new laptop, and the old one is removed, which works until then."""
    walk = life.walk
    walk.can_do(LABEL, "Test", "Rename", "I lost it", "Remove")
    [old] = laptop.keys
    laptop.unplug()
    new_laptop = walk.stage.authenticator()
    makes_one(life)
    walk.go_home()
    walk.has_cards(LABEL, 2)
    walk.press("Remove – Old laptop")
    walk.press("Remove the passkey")
    walk.reads("“Old laptop” is removed and no longer works here.")
    walk.sign_out(life.user)
    [new] = new_laptop.keys
    new_laptop.unplug()
    old_again = walk.stage.authenticator()
    old_again.hold(old)
    walk.press(ALONE)
    walk.reads("That passkey did not open an account here.")
    old_again.unplug()
    walk.stage.authenticator().hold(new)
    walk.press(ALONE)


def removes(life: Life) -> None:
    walk = life.walk
    life.must_have_one()
    walk.go_home()
    walk.removal_is_refused("Remove – Passkey", "Remove the passkey")


def loses(life: Life) -> None:
    walk = life.walk
    walk.press("I lost it – Passkey")
    walk.press("Suspend these")
    walk.reads("Ask helpdesk for an activation code")
    walk.sign_out(life.user)
    assert life.was_told("phone-lost")


def is_reset(life: Life) -> None:
    life.is_reset_by_two()
    life.password_alone_enrols_nothing()
