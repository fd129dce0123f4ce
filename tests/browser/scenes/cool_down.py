"""Factors that are new after a reset, and an application that takes them later."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mfa import cool_down, enrolment
from mfa.models import Application
from mfa.outcomes import TooNew
from mfa.verification import log
from tests.browser.scenes.desk import as_admin
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, give_app, person


def helped(*, language: str = "") -> tuple[User, Application]:
    """Somebody with a new phone after a reset, and the application that they reach later only."""
    bank = Application.objects.create(slug="bank", name="Payments", cool_down_hours=24)
    Application.objects.create(slug="vpn", name="Company VPN")
    user, now = person(name="Alice Sample", language=language), timezone.now()
    enrolment.reset(user, actor=None, reason="lost", now=now - timedelta(minutes=20))
    give_app(user, name="New phone")
    (wait,) = cool_down.waiting(list(user.factors.all()), frozenset({"totp"}), now=now)
    refused = TooNew(wait.until)
    log.write(
        user, user.username, refused.result, application="bank", address="203.0.113.7", cause=refused.cause, now=now
    )
    return user, bank


@scene("dashboard", "with a factor that is new after a reset")
def dashboard(stage: Stage) -> None:
    stage.let_in(helped()[0])
    stage.open("/")
    stage.reads("Ready later for")


@scene("rehearsal", "with a factor that is new after a reset")
def rehearsal(stage: Stage) -> None:
    stage.let_in(helped()[0])
    stage.open("/rehearsal/")
    stage.reads("is new after a reset")


@scene("rehearsal", "with nothing but a new factor, in German")
def rehearsal_in_german(stage: Stage) -> None:
    stage.let_in(helped(language="de")[0])
    Application.objects.filter(slug="vpn").delete()
    stage.open("/rehearsal/")
    stage.reads("Noch nimmt keine davon an")


@scene("why", "with a factor that is new after a reset")
def why(stage: Stage) -> None:
    stage.let_in(helped()[0])
    stage.open("/why/")
    stage.reads("The factor was new after a reset")


@scene("admin:accounts_user_change", "with a factor that is new after a reset")
def at_the_desk(stage: Stage) -> None:
    as_admin(stage)
    user, _bank = helped()
    stage.open(reverse("admin:accounts_user_change", args=[user.pk]))
    stage.reads("New after a reset")


@scene("admin:mfa_authenticationrecord_simulate", "with a factor that is new after a reset")
def simulated(stage: Stage) -> None:
    as_admin(stage)
    user, bank = helped()
    stage.open(reverse("admin:mfa_authenticationrecord_simulate") + f"?person={user.username}&application={bank.pk}")
    stage.reads("Not taken yet")


@scene("admin:mfa_application_change", "that takes new factors later")
def application(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_application_change", args=[helped()[1].pk]))


@scene("admin:mfa_application_edit", "that takes new factors later")
def application_edited(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_application_edit", args=[helped()[1].pk]))


@scene("admin:accounts_user_act", "give a temporary access code that waits somewhere")
def temporary_code(stage: Stage) -> None:
    as_admin(stage)
    user, _bank = helped()
    stage.open(reverse("admin:accounts_user_act", args=["temporary"]) + f"?people={user.pk}")
    stage.reads("24 hours after it was given")
