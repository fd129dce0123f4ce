"""Trying what the VPN will ask."""

from __future__ import annotations

from accounts.models import User
from mfa.models import Application
from tests.browser.scenes.scene import scene
from tests.browser.scenes.way_in import with_phone
from tests.browser.stage import Stage, give_app
from tests.stories.acting import code_of


def ready(stage: Stage) -> tuple[User, bytes]:
    user = with_phone()
    secret = give_app(user, name="Work phone")
    stage.let_in(user)
    Application.objects.create(slug="vpn", name="Company VPN")
    return user, secret


@scene("rehearsal", "several to choose from")
def choose(stage: Stage) -> None:
    ready(stage)
    Application.objects.create(slug="router", name="Router in the branch office", kinds=["motp"])
    stage.open("/")
    stage.follow("Try it")


@scene("rehearsal_talk", "connect")
def connect(stage: Stage) -> None:
    ready(stage)
    stage.open("/")
    stage.follow("Try it")


@scene("rehearsal_talk", "asked for a code")
def asked(stage: Stage) -> None:
    connect(stage)
    stage.press("Connect")
    stage.page.locator("#id_code").wait_for()


@scene("rehearsal_talk", "code sent")
def sent(stage: Stage) -> None:
    asked(stage)
    stage.page.locator("#id_code").fill("sms")
    stage.press("Answer")
    stage.reads("Code sent to")


@scene("rehearsal_talk", "clock wrong")
def clock_wrong(stage: Stage) -> None:
    _, secret = ready(stage)
    stage.open("/rehearsal/talk/?at=vpn")
    stage.press("Connect")
    stage.page.locator("#id_code").fill(code_of(secret, steps=4))
    stage.press("Answer")
    stage.reads("clock is")


@scene("set_up_done", "first set-up")
def set_up_done(stage: Stage) -> None:
    ready(stage)
    stage.open("/recovery/")
    stage.press("Show the codes")
    stage.page.get_by_label("Type one of the codes").fill(stage.page.locator("#recovery-codes li").nth(3).inner_text())
    stage.press("Confirm that I kept them")
    stage.heading_is("You are set up")


@scene("rehearsal_ready", "ready")
def done(stage: Stage) -> None:
    _, secret = ready(stage)
    stage.open("/rehearsal/talk/?at=vpn")
    stage.press("Connect")
    stage.page.locator("#id_code").fill(code_of(secret))
    stage.press("Answer")
    stage.heading_is("You are ready")
