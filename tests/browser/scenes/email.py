"""Codes by mail: setting them up, testing them, giving them up."""

from __future__ import annotations

from datetime import timedelta

from django.test import override_settings
from django.utils import timezone

from accounts.models import User
from mfa.factors.email import flows
from mfa.models import Application, Delivery, OneTimeCode
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, code_in, give_app, latest_message, person, work_off_outbox

IN_PORTAL = override_settings(EMAIL_CODES_IN_PORTAL=True)


def with_app(stage: Stage, **fields: object) -> User:
    """Somebody with an app, where a VPN takes codes by mail."""
    user = person(**fields)  # type: ignore[arg-type]  # fields of a user
    give_app(user)
    Application.objects.create(slug="vpn", name="VPN", kinds=["totp", "email"])
    stage.let_in(user)
    return user


def with_mailbox(stage: Stage) -> User:
    user = with_app(stage)
    earlier = timezone.now() - timedelta(minutes=20)
    token, _ = flows.begin(user, now=earlier)
    flows.confirm(user, token, code_in(latest_message(user.email)), actor=user, now=earlier)
    user.refresh_from_db()
    stage.let_in(user)
    return user


@scene("email:set_up", "start")
def set_up(stage: Stage) -> None:
    with_app(stage)
    stage.open("/email/")


@scene("email:set_up", "no address")
def no_address(stage: Stage) -> None:
    with_app(stage, email="")
    stage.open("/email/")
    stage.reads("no e-mail address")


@scene("email:confirm", "code on its way")
def confirm(stage: Stage) -> None:
    set_up(stage)
    stage.press("Send a code to this mailbox")
    stage.heading_is("Confirm your mailbox")


@scene("email:confirm", "sent, wrong code")
def confirm_wrong(stage: Stage) -> None:
    confirm(stage)
    work_off_outbox()
    stage.page.locator("#id_code").fill("000000")
    stage.press("Confirm the mailbox")
    stage.page.locator(".field-error").wait_for()


@scene("email:confirm", "code too old")
def confirm_over(stage: Stage) -> None:
    confirm(stage)
    OneTimeCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    stage.page.reload()
    stage.reads("This code no longer works.")


@scene("dashboard", "codes by mail set up")
def confirmed(stage: Stage) -> None:
    confirm(stage)
    work_off_outbox()
    stage.page.locator("#id_code").fill(code_in(latest_message("alice@example.test")))
    stage.press("Confirm the mailbox")
    stage.reads("Your mailbox is confirmed.")


@scene("dashboard", "mailbox has changed")
def changed(stage: Stage) -> None:
    user = with_mailbox(stage)
    User.objects.filter(pk=user.pk).update(email="other@example.test")
    stage.open("/")
    stage.reads("Your e-mail address has changed")


@scene("test", "code by mail, mailbox refused")
def test_refused(stage: Stage) -> None:
    with_mailbox(stage)
    stage.open("/test/?way=email")
    stage.press("Send the code")
    stage.reads("The message is being sent.")
    refused = {"state": Delivery.State.FAILED, "error": "the mail server refused the recipient (550)"}
    Delivery.objects.filter(template="code").update(**refused)
    stage.page.reload()
    stage.reads("The mail server refused the e-mail")


@scene("email:remove", "one of two")
def remove(stage: Stage) -> None:
    with_mailbox(stage)
    stage.open("/email/remove/")


@scene("second_step", "code by mail, another way")
def second_step(stage: Stage) -> None:
    with IN_PORTAL:
        user = with_mailbox(stage)
        stage.page.context.clear_cookies()
        stage.give_password(user)
        stage.page.get_by_role("link", name="E-mail").click()
        stage.press("Send the code")
        stage.reads("The message is being sent.")
