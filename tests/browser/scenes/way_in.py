"""Signing in, its second step, and the fresh proof before a change."""

from __future__ import annotations

from datetime import timedelta

from django.test import override_settings
from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource, User
from mfa.models import Delivery, Policy
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, give_app, give_recovery_codes, person, work_off_outbox

LONG_AGO = timedelta(minutes=10)
PHONE = "+4915123456789"


def with_phone(**fields: object) -> User:
    user = person(**fields)  # type: ignore[arg-type]  # fields of a user
    users.set_phone(user, PHONE, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=user)
    user.refresh_from_db()
    return user


@scene("sign_in", "empty")
def sign_in(stage: Stage) -> None:
    stage.open("/sign-in/")


@scene("sign_in", "fields missing")
def sign_in_missing(stage: Stage) -> None:
    stage.open("/sign-in/")
    stage.press("Sign in")
    stage.reads("Type your user name.")


@scene("sign_in", "refused")
def sign_in_refused(stage: Stage) -> None:
    stage.open("/sign-in/")
    stage.type("User name", "alice")
    stage.type("Password", "wrong")
    stage.press("Sign in")
    stage.reads("That did not work.")


@scene("sign_in", "code beside the password")
def sign_in_with_code(stage: Stage) -> None:
    with override_settings(SIGN_IN_CODE_FIELD="always"):
        stage.open("/sign-in/")


@scene("sign_in", "signed out")
def signed_out(stage: Stage) -> None:
    stage.let_in(person())
    stage.open("/")
    stage.page.locator("summary").click()
    stage.press("Sign out")
    stage.reads("You are signed out.")


@scene("second_step", "app")
def second_step(stage: Stage) -> None:
    user = person()
    give_app(user)
    stage.give_password(user)


@scene("second_step", "wrong code and another way")
def second_step_wrong(stage: Stage) -> None:
    user = person()
    give_app(user)
    give_recovery_codes(user)
    stage.give_password(user)
    stage.page.locator("#id_code").fill("000000")
    stage.press("Continue")
    stage.page.locator(".field-error").wait_for()


@scene("second_step", "no code typed")
def second_step_missing(stage: Stage) -> None:
    user = person()
    give_app(user)
    stage.give_password(user)
    stage.press("Continue")
    stage.reads("Type the code.")


@scene("second_step", "has to wait")
def second_step_locked(stage: Stage) -> None:
    user = person()
    give_app(user)
    stage.give_password(user)
    for _ in range(6):
        stage.page.locator("#id_code").fill("000000")
        stage.press("Continue")
        stage.page.locator(".field-error").wait_for()


@scene("second_step", "recovery code")
def second_step_recovery(stage: Stage) -> None:
    user = person()
    give_app(user)
    give_recovery_codes(user)
    stage.give_password(user)
    stage.page.get_by_role("link", name="Recovery codes").click()
    stage.page.get_by_role("link", name="Authenticator app").wait_for()


@scene("second_step", "SMS not sent yet")
def second_step_sms(stage: Stage) -> None:
    stage.give_password(with_phone())


@scene("second_step", "SMS on its way")
def second_step_sms_waiting(stage: Stage) -> None:
    user = with_phone()
    give_app(user)
    stage.give_password(user)
    stage.page.get_by_role("link", name="SMS").click()
    stage.press("Send the code")
    stage.reads("The message is being sent.")


@scene("second_step", "SMS sent, wrong code")
def second_step_sms_wrong(stage: Stage) -> None:
    stage.give_password(with_phone())
    stage.press("Send the code")
    stage.reads("The message is being sent.")
    work_off_outbox()
    stage.page.locator("#id_code").fill("000000")
    stage.press("Continue")
    stage.page.locator(".field-error").wait_for()


@scene("second_step", "SMS delayed")
def second_step_sms_late(stage: Stage) -> None:
    stage.give_password(with_phone())
    stage.press("Send the code")
    stage.reads("The message is being sent.")
    Delivery.objects.update(created_at=timezone.now() - timedelta(seconds=30))
    stage.page.reload()
    stage.reads("The message is delayed.")


@scene("second_step", "SMS failed")
def second_step_sms_failed(stage: Stage) -> None:
    stage.give_password(with_phone())
    stage.press("Send the code")
    stage.reads("The message is being sent.")
    Delivery.objects.update(state=Delivery.State.FAILED)
    stage.page.reload()
    stage.reads("The message could not be sent.")


@scene("prove", "app")
def prove(stage: Stage) -> None:
    user = person()
    give_app(user)
    give_recovery_codes(user)
    stage.let_in(user, proved_ago=LONG_AGO)
    stage.open("/totp/add/")


@scene("prove", "wrong code")
def prove_wrong(stage: Stage) -> None:
    prove(stage)
    stage.page.locator("#id_code").fill("12")
    stage.press("Continue")
    stage.page.locator(".field-error").wait_for()


@scene("prove", "password")
def prove_by_password(stage: Stage) -> None:
    stage.let_in(person(), proved_ago=LONG_AGO)
    stage.open("/totp/add/")


@scene("prove", "wrong password")
def prove_by_password_wrong(stage: Stage) -> None:
    prove_by_password(stage)
    stage.type("Password", "wrong")
    stage.press("Continue")
    stage.page.locator(".field-error").wait_for()


@scene("enrol", "must set up a factor")
def enrol(stage: Stage) -> None:
    user = person()
    Policy.objects.create(user=user, required=True)
    stage.let_in(user)
    stage.open("/")
