"""The pages of mOTP apps."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from mfa.factors.motp import flows
from mfa.factors.motp.algorithm import Motp
from mfa.models import Factor
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, give_app, person

SECRET, PIN = "0123456789abcdef", "1234"


def give_motp(stage: Stage) -> Factor:
    """An mOTP app that was set up some time ago, beside an authenticator app."""
    user = person()
    give_app(user)
    earlier = timezone.now() - timedelta(minutes=5)
    motp = Motp(SECRET, PIN)
    waiting = flows.begin(user, motp, name="Office router", shown=True, now=earlier)
    factor = flows.confirm(user, waiting.pk, motp.code(motp.step_at(earlier)), now=earlier)
    user.refresh_from_db()
    stage.let_in(user)
    return factor


def open_own(stage: Stage, view: str) -> None:
    stage.open(reverse(view, args=[give_motp(stage).pk]))


def code(seconds: int = 0, pin: str = PIN) -> str:
    """What the app shows, with a clock that is so many seconds ahead."""
    motp = Motp(SECRET, pin)
    return motp.code(motp.step_at(timezone.now() + timedelta(seconds=seconds)))


def refused(stage: Stage, text: str, button: str) -> None:
    stage.page.locator("#id_code").fill(text)
    stage.press(button)
    stage.page.locator(".field-error").wait_for()


@scene("dashboard", "with an mOTP app")
def dashboard(stage: Stage) -> None:
    give_motp(stage)
    stage.open("/")
    stage.reads("legacy")


@scene("motp:add", "start")
def add(stage: Stage) -> None:
    user = person()
    give_app(user)
    stage.let_in(user)
    stage.open("/motp/add/")


@scene("motp:add", "several errors")
def add_errors(stage: Stage) -> None:
    add(stage)
    stage.page.locator("#id_source").select_option("typed")
    stage.press("Continue")
    stage.page.locator(".field-error").first.wait_for()


@scene("motp:confirm", "secret shown")
def confirm(stage: Stage) -> None:
    add(stage)
    stage.page.locator("#id_pin").fill(PIN)
    stage.press("Continue")
    stage.heading_is("Put this secret into your app")


@scene("motp:confirm", "wrong code")
def confirm_wrong(stage: Stage) -> None:
    confirm(stage)
    refused(stage, "ffffff", "Confirm the code")


@scene("motp:confirm", "secret from the app")
def confirm_typed(stage: Stage) -> None:
    add(stage)
    stage.page.locator("#id_pin").fill(PIN)
    stage.page.locator("#id_source").select_option("typed")
    stage.page.locator("#id_secret").fill(SECRET)
    stage.press("Continue")
    stage.heading_is("Type a first code")


@scene("test", "mOTP")
def test(stage: Stage) -> None:
    give_motp(stage)
    stage.open("/test/?way=motp")


@scene("test", "mOTP, clock wrong")
def test_early(stage: Stage) -> None:
    test(stage)
    refused(stage, code(200), "Test the code")


@scene("test", "mOTP, secret or PIN differs")
def test_differs(stage: Stage) -> None:
    test(stage)
    refused(stage, code(pin="9999"), "Test the code")
    stage.reads("Renew the secret")


@scene("motp:pin", "start")
def pin(stage: Stage) -> None:
    open_own(stage, "motp:pin")


@scene("motp:pin", "two errors")
def pin_errors(stage: Stage) -> None:
    pin(stage)
    stage.press("Change the PIN")
    stage.page.locator(".field-error").first.wait_for()


@scene("motp:renew", "start")
def renew(stage: Stage) -> None:
    open_own(stage, "motp:renew")
    stage.heading_is("New secret")


@scene("motp:renew", "wrong code")
def renew_wrong(stage: Stage) -> None:
    renew(stage)
    refused(stage, "ffffff", "Renew the secret")


@scene("motp:renew", "no secret of an app")
def renew_typed(stage: Stage) -> None:
    renew(stage)
    stage.page.locator("#id_own").fill("not hex")
    refused(stage, "ffffff", "Renew the secret")


@scene("motp:clock", "start")
def clock(stage: Stage) -> None:
    open_own(stage, "motp:clock")


@scene("motp:rename", "start")
def rename(stage: Stage) -> None:
    open_own(stage, "motp:rename")


@scene("motp:remove", "start")
def remove(stage: Stage) -> None:
    open_own(stage, "motp:remove")
