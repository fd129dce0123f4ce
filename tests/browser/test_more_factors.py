"""Further factors, set up by keyboard alone."""

from __future__ import annotations

from django.utils import timezone

from mfa.factors.motp.algorithm import Motp
from tests.browser.keyboard import press, tab_to, type_and_send
from tests.browser.stage import Stage, give_app, person
from tests.mfa.tokens.shelf import pressed, put


def test_an_motp_app_is_set_up_by_keyboard_alone(stage: Stage) -> None:
    user = person()
    give_app(user)
    stage.let_in(user)
    page = stage.page
    stage.open("/")
    press(page, "For a VPN router that knows nothing newer")
    tab_to(page, "PIN")
    page.keyboard.type("2468")
    press(page, "Continue")
    stage.heading_is("Put this secret into your app")
    motp = Motp(page.locator("#secret-key").inner_text().replace(" ", "").replace("\n", ""), "2468")
    type_and_send(page, "Code from your mOTP app", motp.code(motp.step_at(timezone.now())))
    stage.reads("“mOTP app” is set up.")


def test_a_hardware_token_is_taken_from_stock_by_keyboard_alone(stage: Stage) -> None:
    user = person()
    put("AB1001")
    stage.let_in(user)
    page = stage.page
    stage.open("/")
    press(page, "A small device from your organisation")
    tab_to(page, "Serial number")
    page.keyboard.type("ab-1001")
    type_and_send(page, "Code that the token shows", pressed(1))
    stage.reads("The token is yours now.")
