"""The phone number is changed in a dialog, confirmed by the code that came to it, and put back by whoever lost it."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.test import override_settings
from playwright.sync_api import Locator, expect

from accounts.models import User
from mfa.models import Delivery
from tests.browser.scenes.way_in import PHONE, with_phone
from tests.browser.stage import Stage, code_in, give_app, latest_message, work_off_outbox

NEW = "+436645550123"


@pytest.fixture
def owner(portal: str) -> User:
    user = with_phone()
    give_app(user)
    return user


def open_dialog(stage: Stage, owner: User) -> Locator:
    stage.let_in(owner)
    stage.open("/")
    stage.page.get_by_role("link", name="(Change settings)").click()
    dialog = stage.page.get_by_role("dialog", name="Phone number for SMS codes")
    expect(dialog.locator(".iti__selected-country")).to_be_visible()
    return dialog


def choose_country(dialog: Locator, words: str, found: str, expected: str) -> None:
    dialog.locator(".iti__selected-country").click()
    dialog.locator(".iti__search-input").fill(words)
    expect(dialog.locator(".iti__highlight")).to_contain_text(found)
    dialog.page.keyboard.press("Enter")
    expect(dialog.locator(".iti__selected-dial-code")).to_have_text(expected)


def test_number_is_changed_from_the_dashboard_and_put_back_from_the_mail(
    stage: Stage, open_stage: Callable[..., Stage], owner: User
) -> None:
    dialog = open_dialog(stage, owner)
    expect(dialog).to_contain_text("+49 *** **89")
    choose_country(dialog, "+41", "Switzerland", "+41")
    choose_country(dialog, "austri", "Austria", "+43")
    dialog.get_by_label("Mobile number").fill("0664 5550123")
    expect(dialog.locator("[data-phone-preview]")).to_contain_text("Understood as +43 664 5550123")
    dialog.get_by_role("button", name="Send a code to this number").click()
    stage.heading_is("Confirm your new number")
    expect(stage.page.get_by_role("button", name=re.compile(r"New code in \d+ s"))).to_be_disabled()
    code = code_from_inbox(open_stage())
    expect(stage.page.locator("[data-poll-content]")).to_contain_text("Sent at")
    stage.page.locator("#id_code").fill(code)
    stage.press("Confirm the number")
    stage.reads("Your new number is confirmed.")
    stage.reads("+43 *** **23")

    elsewhere = open_stage(phone=True)
    elsewhere.open(urlsplit(undo_link(owner.email)).path)
    elsewhere.press("Undo the change")
    elsewhere.heading_is("The change is undone")
    owner.refresh_from_db()
    assert owner.phone == PHONE
    stage.page.reload()
    stage.heading_is("Sign in")


def test_plus_typed_in_the_number_begins_an_international_number(stage: Stage, owner: User) -> None:
    dialog = open_dialog(stage, owner)
    dialog.get_by_label("Mobile number").press_sequentially("+43 664 5550123")
    expect(dialog.locator("[data-phone-preview]")).to_contain_text("Understood as +43 664 5550123")
    expect(dialog.locator(".iti__selected-dial-code")).to_have_text("+43")


def test_landline_is_refused_beside_the_field_and_nothing_is_sent(stage: Stage, owner: User) -> None:
    dialog = open_dialog(stage, owner)
    dialog.get_by_label("Mobile number").fill("030 901820")
    expect(dialog.locator("[data-phone-preview]")).to_contain_text("landline")
    dialog.get_by_role("button", name="Send a code to this number").click()
    expect(stage.page.locator(".field-error")).to_contain_text("landline")
    expect(stage.page.get_by_label("Mobile number")).to_be_focused()
    expect(stage.page.get_by_label("Mobile number")).to_have_value("030 901820")
    assert not Delivery.objects.filter(channel="sms").exists()


def test_fault_of_a_refused_number_goes_when_another_number_is_understood(stage: Stage, owner: User) -> None:
    stage.let_in(owner)
    stage.open("/sms/change/")
    number = stage.page.get_by_label("Mobile number")
    number.fill("030 901820")
    stage.press("Send a code to this number")
    expect(stage.page.locator(".field-error")).to_contain_text("landline")
    number.fill("0151 23456789")
    expect(stage.page.locator("[data-phone-preview]")).to_contain_text("Understood as +49 1512 3456789")
    expect(stage.page.locator(".field-error")).to_have_count(0)
    expect(number).not_to_have_attribute("aria-invalid", "true")


def test_dialog_closes_by_escape_and_by_cancel_and_gives_the_focus_back(stage: Stage, owner: User) -> None:
    dialog = open_dialog(stage, owner)
    stage.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    link = stage.page.get_by_role("link", name="(Change settings)")
    expect(link).to_be_focused()
    stage.page.keyboard.press("Enter")
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(link).to_be_focused()


def test_number_is_changed_without_javascript(open_stage: Callable[..., Stage], owner: User) -> None:
    stage = open_stage(scripts=False)
    stage.let_in(owner)
    stage.open("/")
    stage.follow("(Change settings)")
    stage.page.get_by_label("Country").select_option(value="AT")
    stage.type("Mobile number", "0664 5550123")
    stage.press("Send a code to this number")
    expect(stage.page.locator("noscript time")).to_be_visible()
    expect(stage.page.get_by_role("button", name="Send a new code")).to_be_visible()
    stage.page.locator("#id_code").fill(code_in(latest_message(NEW)))
    stage.press("Confirm the number")
    stage.reads("Your new number is confirmed.")


def code_from_inbox(inbox: Stage) -> str:
    """The code as the inbox page of a development machine shows it, once a worker has sent it."""
    work_off_outbox()
    with override_settings(DEBUG=True):
        inbox.open("/inbox/")
    letter = inbox.page.get_by_role("article").filter(has_text=NEW).first
    return code_in(letter.locator("div").last.inner_text())


def undo_link(address: str) -> str:
    found = re.search(r"https?://\S+/sms/undo/\S+", latest_message(address))
    assert found, latest_message(address)
    return found.group()
