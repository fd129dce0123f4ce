"""The own page by keyboard alone, on a phone: lose it, choose what is asked for first, end a session, rehearse."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from mfa import signed_in
from mfa.models import Application, Factor, OpenSession, Preference
from tests.browser.keyboard import press, tab_to, type_and_send, type_at_once
from tests.browser.scenes.way_in import with_phone
from tests.browser.stage import Stage, give_app, give_recovery_codes
from tests.conftest import PASSWORD
from tests.stories.acting import code_of

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def owner(stage: Stage) -> User:
    """Somebody with a number, an app and recovery codes, at a window of a phone's size."""
    stage.page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    return with_phone()


def send_where_the_focus_is(page: Page, text: str) -> None:
    """Pages that ask for one thing have the focus on it."""
    expect(page.locator("#id_code")).to_be_focused()
    page.keyboard.type(text)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_lost_phone_is_reported_and_a_recovery_code_goes_on(stage: Stage, owner: User) -> None:
    give_app(owner, name="Work phone")
    codes = give_recovery_codes(owner)
    page = stage.page
    stage.open("/")
    type_at_once(page, "User name", owner.username)
    type_and_send(page, "Password", PASSWORD)
    press(page, "I lost my phone")
    press(page, "Suspend these")
    stage.heading_is("What to do now")
    press(page, "Recovery codes")
    send_where_the_focus_is(page, codes[4])
    stage.heading_is("Your second factors")
    assert Factor.objects.filter(user=owner, suspended_at__isnull=False).count() == 2
    expect(page.get_by_role("article").filter(has_text="Suspended")).to_have_count(2)


def test_what_is_asked_for_first_is_chosen_and_a_session_ended(stage: Stage, owner: User) -> None:
    give_app(owner, name="Work phone")
    stage.let_in(owner)
    signed_in.begin(owner, agent="Firefox/1 Linux", address="203.0.113.7", now=OpenSession.objects.get().started_at)
    page = stage.page
    stage.open("/preferred/")
    tab_to(page, "Authenticator app")
    page.keyboard.press("ArrowDown")
    press(page, "Ask for this first")
    assert Preference.objects.get(user=owner).kind == "sms"
    press(page, "Sessions")
    press(page, "Sign out Firefox")
    stage.reads("That session is signed out.")
    assert OpenSession.objects.count() == 1


def test_the_vpn_is_rehearsed_to_the_end(stage: Stage, owner: User) -> None:
    secret = give_app(owner, name="Work phone")
    Application.objects.create(slug="vpn", name="Company VPN")
    stage.let_in(owner)
    page = stage.page
    stage.open("/")
    press(page, "Try it")
    press(page, "Connect")
    send_where_the_focus_is(page, code_of(secret))
    stage.heading_is("You are ready")
    press(page, "To the overview")
    stage.heading_is("Your second factors")
