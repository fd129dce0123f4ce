"""A lost phone, from inside and from the second step; a factor that comes back; what is asked for first."""

from __future__ import annotations

from django.utils import timezone

from accounts.models import User
from mfa import holdings, lost
from mfa.models import Factor
from tests.browser.scenes.scene import scene
from tests.browser.scenes.way_in import with_phone
from tests.browser.stage import Stage, give_app, give_recovery_codes, person


def lose(user: User, *kinds: str) -> None:
    now = timezone.now()
    gone = [factor for factor in holdings.usable(user, now=now) if factor.kind in kinds]
    lost.report(user, gone, actor=user, now=now)
    user.refresh_from_db()


@scene("lost_phone", "what was on it")
def report(stage: Stage) -> None:
    user = with_phone()
    give_app(user, name="Work phone")
    stage.let_in(user)
    stage.open("/")
    stage.follow("I lost my phone")


@scene("lost_phone", "nothing ticked")
def report_nothing(stage: Stage) -> None:
    user = person()
    give_app(user)
    stage.let_in(user)
    stage.open("/lost-phone/")
    stage.page.get_by_role("checkbox").uncheck()
    stage.press("Suspend these")
    stage.reads("Tick at least one.")


@scene("lost_phone_next", "recovery codes remain")
def next_with_codes(stage: Stage) -> None:
    user = person()
    give_app(user, name="Work phone")
    give_recovery_codes(user)
    stage.let_in(user)
    stage.open("/lost-phone/")
    stage.press("Suspend these")
    stage.heading_is("What to do now")


@scene("lost_phone_on_the_way_in", "what was on it")
def report_on_the_way_in(stage: Stage) -> None:
    user = with_phone()
    give_app(user, name="Work phone")
    stage.give_password(user)
    stage.follow("I lost my phone")


@scene("lost_phone_on_the_way_in_next", "only helpdesk remains")
def next_on_the_way_in(stage: Stage) -> None:
    report_on_the_way_in(stage)
    stage.press("Suspend these")
    stage.reads("activation code")


@scene("lost_phone_on_the_way_in_next", "recovery codes remain")
def next_on_the_way_in_with_codes(stage: Stage) -> None:
    user = person()
    give_app(user, name="Work phone")
    give_recovery_codes(user)
    stage.give_password(user)
    stage.follow("I lost my phone")
    stage.press("Suspend these")
    stage.reads("Go on signing in with")


@scene("resume", "ask")
def resume(stage: Stage) -> None:
    user = with_phone()
    give_app(user, name="Work phone")
    lose(user, "totp")
    stage.let_in(user)
    stage.open("/")
    stage.follow("It is back")


@scene("dashboard", "suspended and switched off")
def dashboard_at_rest(stage: Stage) -> None:
    user = with_phone()
    give_app(user, name="Work phone")
    give_app(user, name="Old phone")
    Factor.objects.filter(name="Old phone").update(disabled_at=timezone.now())
    lose(user, "totp")
    stage.let_in(user)
    stage.open("/")


@scene("dashboard", "something safer than SMS")
def dashboard_nudge(stage: Stage) -> None:
    user = with_phone()
    give_app(user)
    give_recovery_codes(user)
    Factor.objects.filter(kind="totp").delete()
    stage.let_in(user)
    stage.open("/")


@scene("preferred", "two to choose from")
def preferred(stage: Stage) -> None:
    user = with_phone()
    give_app(user, name="Work phone")
    stage.let_in(user)
    stage.open("/preferred/")
