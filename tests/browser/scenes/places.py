"""Where a person is signed in, and the pages that end it."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from mfa import signed_in
from mfa.models import Application, OpenSession, Remembered, RememberRule
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, give_app, person

AGENTS = {
    "203.0.113.7": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1",
    "2001:db8:85a3:8d3:1319:8a2e:370:7348": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Firefox/128.0",
}


def with_others(stage: Stage) -> User:
    user = person()
    give_app(user)
    stage.let_in(user)
    for hours, (address, agent) in enumerate(AGENTS.items(), start=1):
        now = timezone.now() - timedelta(minutes=9 * hours)
        signed_in.begin(user, agent=agent, address=address, now=now)
    return user


@scene("sessions", "three, and what is remembered")
def sessions(stage: Stage) -> None:
    user = with_others(stage)
    now = timezone.now()
    rule = RememberRule.objects.create(name="Office", scope="address", seconds=3600)
    vpn = Application.objects.create(slug="vpn", name="Company VPN")
    Remembered.objects.create(
        rule=rule, user=user, application=vpn, address="203.0.113.7", kind="totp", epoch=user.security_epoch, at=now,
        until=now + timedelta(hours=1),
    )  # fmt: skip
    stage.open("/")
    stage.follow("Sessions")


@scene("sessions", "one forgotten")
def one_forgotten(stage: Stage) -> None:
    sessions(stage)
    stage.page.get_by_role("button", name="Ask again Company VPN").click()
    stage.reads("You are asked for a code there the next time.")


@scene("forget_one", "ask")
def forget_one(stage: Stage) -> None:
    sessions(stage)
    stage.heading_is("Where you are signed in")
    stage.open(f"/sessions/remembered/{Remembered.objects.get().pk}/forget/")


@scene("end_session", "ask")
def end(stage: Stage) -> None:
    user = with_others(stage)
    stage.open(f"/sessions/{OpenSession.objects.get(user=user, browser='Firefox').token}/end/")


@scene("sessions", "one ended")
def ended(stage: Stage) -> None:
    with_others(stage)
    stage.open("/sessions/")
    stage.page.get_by_role("button", name="Sign out Firefox").click()
    stage.reads("That session is signed out.")


@scene("end_all_sessions", "ask")
def end_all(stage: Stage) -> None:
    with_others(stage)
    stage.open("/sessions/")
    stage.follow("Sign out everywhere")


@scene("forget_remembered", "ask")
def forget(stage: Stage) -> None:
    sessions(stage)
    stage.follow("Ask for a code again everywhere")
