"""Helpdesk sets a number, with a code that is read back or without."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mfa.models import OneTimeCode
from tests.browser.scenes.desk import as_admin, ask, people
from tests.browser.scenes.scene import scene
from tests.browser.scenes.way_in import with_phone
from tests.browser.stage import Stage, person, work_off_outbox

READ_BACK, WITHOUT = "The caller reads a code back", "Save without confirmation"


def fill_in(stage: Stage, user: User, way: str) -> None:
    ask(stage, "phone", [user])
    stage.type("Phone number", "+49 151 999 888 77")
    stage.page.get_by_label(way).check()
    stage.page.locator("select[name=identity]").select_option(index=1)
    stage.type("Reason", "new phone, called from the office")
    stage.type("Ticket", "INC-7")


def begun(stage: Stage, user: User) -> None:
    as_admin(stage)
    fill_in(stage, user, READ_BACK)
    stage.press("Set the phone number")
    stage.reads("Ask the caller to read it to you.")


@scene("admin:accounts_user_act", "set the phone number, one way chosen")
def set_number(stage: Stage) -> None:
    as_admin(stage)
    fill_in(stage, with_phone(), READ_BACK)


@scene("admin:accounts_user_act", "set the phone number, refused")
def set_number_refused(stage: Stage) -> None:
    as_admin(stage, "helpdesk")
    ask(stage, "phone", people()[3:4])
    stage.page.get_by_label("Phone number").fill("12")
    stage.press("Ask a second person")
    stage.page.locator(".field-error, .errorlist").first.wait_for()


@scene("admin:accounts_user_number", "the code is on its way")
def on_its_way(stage: Stage) -> None:
    begun(stage, with_phone())


@scene("admin:accounts_user_number", "a first number, sent, wrong code")
def wrong(stage: Stage) -> None:
    begun(stage, person("ada", name="Ada Lovelace"))
    work_off_outbox()
    stage.type("Code that the caller reads back", "000000")
    stage.press("Save the confirmed number")
    stage.page.locator(".field-error").first.wait_for()


@scene("admin:accounts_user_number", "code too old")
def too_old(stage: Stage) -> None:
    begun(stage, with_phone())
    OneTimeCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    stage.page.reload()
    stage.reads("That code has expired.")


@scene("admin:accounts_user_number", "wrong too often")
def worn_out(stage: Stage) -> None:
    begun(stage, with_phone())
    OneTimeCode.objects.update(ending=OneTimeCode.Ending.WORN_OUT)
    stage.page.reload()
    stage.reads("no longer works")


@scene("admin:accounts_user_change", "number confirmed by helpdesk")
def confirmed(stage: Stage) -> None:
    user = with_phone()
    User.objects.filter(pk=user.pk).update(phone_source="helpdesk", phone_confirmed_at=timezone.now())
    as_admin(stage)
    stage.open(reverse("admin:accounts_user_change", args=[user.pk]))
    stage.reads("by helpdesk")


@scene("admin:accounts_user_change", "number set without confirmation")
def not_confirmed(stage: Stage) -> None:
    as_admin(stage)
    fill_in(stage, with_phone(), WITHOUT)
    stage.press("Set the phone number")
    stage.reads("It is not confirmed.")
