"""Why can't I sign in, for oneself and at the desk; the history narrowed."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from mfa import limits, outcomes
from mfa.models import Application, Delivery
from mfa.verification import log
from tests.browser.scenes.scene import scene
from tests.browser.scenes.way_in import with_phone
from tests.browser.stage import Stage, give_app, person
from tests.mfa.doors import give_role


def in_trouble() -> User:
    user = with_phone()
    give_app(user, name="Work phone")
    Application.objects.create(slug="vpn", name="Company VPN")
    now = timezone.now()
    for minutes, result, kind, cause in (
        (50, outcomes.OATH_VERIFIED, "totp", ""), (40, outcomes.OATH_DUPLICATE, "totp", ""),
        (30, outcomes.SMS_NOT_SENT, "sms", ""), (5, outcomes.OATH_OUT_OF_DATE, "totp", "-94 s"),
    ):  # fmt: skip
        log.write(
            user, user.username, result, application="vpn", address="2001:db8::8a2e:370:7334", kind=kind, cause=cause,
            now=now - timedelta(minutes=minutes),
        )  # fmt: skip
    Delivery.objects.create(
        user=user, channel="sms", template="code", recipient=user.phone, state="failed",
        created_at=now - timedelta(minutes=30),
    )  # fmt: skip
    counter = limits.lock(limits.of_account(user))
    counter.failures = {"totp": [8, now.timestamp()]}
    counter.save()
    return user


@scene("why", "in trouble")
def why(stage: Stage) -> None:
    stage.let_in(in_trouble())
    stage.open("/history/")
    stage.follow("Why can't I sign in?")


@scene("why", "nothing wrong")
def why_well(stage: Stage) -> None:
    user = person()
    give_app(user)
    log.write(
        user, user.username, outcomes.OATH_VERIFIED, application="portal", address="203.0.113.7", kind="totp",
        now=timezone.now(),
    )  # fmt: skip
    stage.let_in(user)
    stage.open("/why/")


@scene("why", "nothing tried")
def why_empty(stage: Stage) -> None:
    stage.let_in(person())
    stage.open("/why/")


@scene("history", "changes only")
def history_changes(stage: Stage) -> None:
    stage.let_in(in_trouble())
    stage.open("/history/")
    stage.follow("Changes")


@scene("admin:accounts_user_why", "in trouble")
def why_at_the_desk(stage: Stage) -> None:
    user = in_trouble()
    helper = give_role(person("helper"), "helpdesk")
    give_app(helper)
    stage.let_in(helper)
    stage.open(f"/admin/accounts/user/{user.pk}/change/")
    stage.follow("Why it fails")
