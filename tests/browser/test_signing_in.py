"""Signing in and out at a browser, and what a browser could spoil: history, impatient clicks, scripts that are off."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from mfa.models import AuthenticationRecord, Delivery
from tests.browser.scenes.way_in import PHONE, with_phone
from tests.browser.stage import Stage, code_in, give_app, latest_message, person, work_off_outbox
from tests.stories.acting import code_of
from tests.stories.authenticator import Phone


def test_app_opens_the_account_after_a_slip(stage: Stage) -> None:
    user = person()
    secret = give_app(user)
    wrong = Phone(secret, "").wrong()
    stage.give_password(user)
    expect(stage.page.get_by_label("Code from your authenticator app")).to_be_focused()
    stage.page.keyboard.type(f"{wrong[:3]} {wrong[3:]}\n")
    expect(stage.page.locator(".field-error")).to_contain_text("That code is not right")
    expect(stage.page.get_by_label("Code from your authenticator app")).to_be_focused()
    stage.page.keyboard.type(f"{code_of(secret)}\n")
    stage.heading_is("Your second factors")


def test_code_by_sms_opens_the_account_without_javascript(open_stage: Callable[..., Stage]) -> None:
    user = with_phone()
    stage = open_stage(scripts=False, phone=True)
    stage.give_password(user)
    stage.press("Send the code")
    code = code_in(latest_message(PHONE))
    work_off_outbox()
    stage.page.locator("noscript a", has_text="Load this page again").click()
    stage.reads("Sent at")
    stage.type("6-digit code", code)
    stage.press("Continue")
    stage.heading_is("Your second factors")


def test_way_back_in_the_browser_shows_nothing_after_signing_out(stage: Stage) -> None:
    user = person()
    give_app(user)
    stage.let_in(user)
    stage.open("/")
    stage.open("/history/")
    stage.page.locator("summary").click()
    stage.press("Sign out")
    stage.reads("You are signed out.")
    for _ in range(2):
        stage.page.go_back()
        assert stage.page.get_by_role("heading", name="Your second factors").count() == 0
        stage.heading_is("Sign in")


@pytest.mark.row("F-18")
def test_double_click_sends_one_message(stage: Stage) -> None:
    stage.give_password(with_phone())
    stage.page.get_by_role("button", name="Send the code").dblclick()
    expect(stage.page.get_by_role("button", name="New code in")).to_be_visible()
    assert Delivery.objects.filter(recipient=PHONE, template="code").count() == 1


def test_double_click_judges_one_code(stage: Stage) -> None:
    user = person()
    secret = give_app(user)
    stage.give_password(user)
    stage.page.locator("#id_code").fill(code_of(secret))
    stage.page.get_by_role("button", name="Continue").dblclick()
    stage.heading_is("Your second factors")
    assert AuthenticationRecord.objects.filter(user=user, kind="totp").count() == 1


def test_menu_closes_by_escape_and_gives_the_focus_back(stage: Stage) -> None:
    stage.let_in(person())
    stage.open("/")
    stage.page.locator("summary").click()
    expect(stage.page.get_by_role("button", name="Sign out")).to_be_visible()
    stage.page.keyboard.press("Escape")
    expect(stage.page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(stage.page.locator("summary")).to_be_focused()
