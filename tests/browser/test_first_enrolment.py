"""A person must have a second factor, has none, and is led from the password to a protected account."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from accounts.models import User
from mfa.models import Policy
from tests.browser.keyboard import press, tab_to, type_and_send, type_at_once
from tests.browser.stage import Stage, person
from tests.conftest import PASSWORD
from tests.stories.acting import code_of
from tests.stories.authenticator import Phone


@pytest.fixture
def newcomer(portal: str) -> User:
    user = person()
    Policy.objects.create(user=user, required=True)
    return user


def test_first_factor_is_set_up_by_keyboard_alone(stage: Stage, newcomer: User) -> None:
    page = stage.page
    stage.open("/")
    type_at_once(page, "User name", newcomer.username)
    type_and_send(page, "Password", PASSWORD)
    stage.heading_is("Protect your account")
    press(page, "Authenticator app")
    press(page, "Show the QR code")
    stage.heading_is("Scan this with your app")
    type_and_send(page, "Code from your authenticator app", code_of(stage.key_on_page()))
    stage.heading_is("Make recovery codes")
    press(page, "Show the codes")
    type_and_send(page, "Type one of the codes", page.locator("#recovery-codes li").nth(3).inner_text())
    is_protected(stage)
    tab_to(page, newcomer.username)
    page.keyboard.press("Enter")
    press(page, "Sign out")
    stage.reads("You are signed out.")


def test_first_factor_is_set_up_without_javascript(open_stage: Callable[..., Stage], newcomer: User) -> None:
    stage = open_stage(scripts=False)
    stage.give_password(newcomer)
    stage.follow("Authenticator app")
    stage.press("Show the QR code")
    stage.type("Code from your authenticator app", code_of(stage.key_on_page()))
    stage.press("Confirm the code")
    stage.press("Show the codes")
    codes = stage.page.locator("#recovery-codes li").all_inner_texts()
    with stage.page.expect_download() as file:
        stage.page.locator("noscript a", has_text="Download").click()
    assert all(code in file.value.path().read_text() for code in codes)
    stage.type("Type one of the codes", codes[9])
    stage.press("Confirm that I kept them")
    is_protected(stage)


def test_wrong_first_code_is_told_without_javascript(open_stage: Callable[..., Stage], newcomer: User) -> None:
    stage = open_stage(scripts=False)
    stage.give_password(newcomer)
    stage.follow("Authenticator app")
    stage.press("Show the QR code")
    key = stage.key_on_page()
    stage.type("Code from your authenticator app", Phone(key, "").wrong())
    stage.press("Confirm the code")
    expect(stage.page.locator("noscript .callout")).to_contain_text("That code is not right")
    assert stage.page.title().startswith("Error: ")
    assert stage.key_on_page() == key


def is_protected(stage: Stage) -> None:
    stage.heading_is("You are set up")
    stage.reads("Your recovery codes are set up.")
    stage.follow("To the overview")
    stage.heading_is("Your second factors")
    for factor in ("Authenticator app", "Recovery codes"):
        card = stage.page.get_by_role("article").filter(has=stage.page.get_by_role("heading", name=factor))
        expect(card).to_contain_text("Ready")
    assert stage.page.locator(".callout.tone-warn").count() == 0
