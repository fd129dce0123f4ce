"""The life of an mOTP app: for a VPN router alone, beside a factor that opens the portal."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mfa.factors.motp.algorithm import Motp
from mfa.models import Application
from tests.browser.stage import give_app, latest_message
from tests.browser.stories_of_factors.desk import Order
from tests.browser.stories_of_factors.life import Life
from tests.stories.acting import code_of

LABEL = "mOTP app"
CODE = "Code from your mOTP app"
PIN = "2468"


@pytest.fixture
def tablet(life: Life) -> bytes:
    """An authenticator app: mOTP opens nothing here. The router asks for mOTP."""
    Application.objects.create(slug="vpn", name="VPN router", kinds=["motp"])
    return give_app(life.user, name="Tablet")


def test_the_life_of_an_motp_app(life: Life, tablet: bytes) -> None:
    life.walk.give_password(life.user)
    life.walk.send("Code from your authenticator app", code_of(tablet))
    phone = enrols(life)
    uses(life, phone)
    tries(life, phone)
    renames(life)
    replaces(life, phone)
    removes(life)
    loses(life)
    is_reset(life, tablet)


def shown_by(phone: Motp) -> str:
    return phone.code(phone.step_at(timezone.now()))


def enrols(life: Life) -> Motp:
    walk = life.walk
    walk.press("For a VPN router that knows nothing newer")
    walk.write("Name", "Router")
    walk.write("PIN", PIN)
    walk.press("Continue")
    phone = scans(life)
    walk.can_do(LABEL, "Test", "Change the PIN", "Renew the secret", "Rename", "Remove")
    return phone


def scans(life: Life, heading: str = "Put this secret into your app", code: str = CODE) -> Motp:
    life.walk.heading_is(heading)
    secret = life.walk.stage.page.locator("#secret-key").inner_text().replace(" ", "").replace("\n", "")
    phone = Motp(secret, PIN)
    life.walk.send(code, shown_by(phone))
    return phone


def uses(life: Life, phone: Motp) -> None:
    """At the router, and before that at the desk: the rehearsal asks what the router will ask."""
    walk = life.walk
    life.wait()
    walk.press("Try it")
    walk.press("Connect")
    walk.send(CODE, shown_by(phone))
    walk.heading_is("You are ready")
    life.wait()
    assert life.opens_the_vpn(shown_by(phone))
    assert not life.opens(shown_by(phone), "motp"), "never the portal"


def tries(life: Life, phone: Motp) -> None:
    life.wait()
    life.walk.go_home()
    life.walk.press("Test – Router")
    life.walk.send(CODE, shown_by(phone))
    life.walk.reads("Right: “Router” works.")


def renames(life: Life) -> None:
    life.walk.press("Rename – Router")
    life.walk.send("Name", "Office router")
    life.walk.reads("It is called “Office router” now.")


def replaces(life: Life, phone: Motp) -> None:
    walk = life.walk
    life.wait()
    walk.press("Renew the secret – Office router")
    assert life.opens_the_vpn(shown_by(phone)), "the old secret works until the new one has shown a code"
    new = scans(life, "New secret", "Code that the app shows with the new secret")
    walk.reads("“Office router” is set up.")
    life.wait()
    assert not life.opens_the_vpn(shown_by(phone))
    assert life.opens_the_vpn(shown_by(new))
    assert life.was_told("factor-replaced")


def removes(life: Life) -> None:
    """It is nobody's only factor, so nothing ever keeps it."""
    walk = life.walk
    life.must_have_one()
    walk.press("Remove – Office router")
    walk.press("Remove the mOTP app")
    walk.reads("“Office router” is removed and no longer works here.")
    walk.has_cards(LABEL, 0)


def loses(life: Life) -> None:
    """The phone with the mOTP app is gone; the tablet is not, and brings it back."""
    walk = life.walk
    life.wait()
    phone = enrols(life)
    life.wait()
    walk.press("I lost my phone")
    walk.tick("Authenticator app · Tablet")
    walk.press("Suspend these")
    walk.reads("Confirm with it that it is you")
    assert not life.opens_the_vpn(shown_by(phone))
    assert life.was_told("phone-lost")


def is_reset(life: Life, tablet: bytes) -> None:
    """Of this kind alone: the tablet goes on working, and the password alone opens nothing."""
    life.is_reset_by_two(Order("Reset one factor", which=LABEL), "The factor was reset.")
    assert f"one kind of second factor off your account: {LABEL}." in latest_message(life.user.email)
    life.walk.give_password(life.user)
    life.walk.heading_is("Confirm that it is you")
    life.wait()
    life.walk.send("Code from your authenticator app", code_of(tablet))
    life.walk.has_cards(LABEL, 0)
