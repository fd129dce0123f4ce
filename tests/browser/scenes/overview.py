"""The dashboard, the history, and the pages that say no."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from django.utils import timezone

from mfa.models import AuthenticationRecord, Factor
from mfa.outcomes import OATH_VERIFIED
from tests.browser.scenes.scene import scene
from tests.browser.scenes.way_in import with_phone
from tests.browser.stage import Stage, give_app, give_recovery_codes, person


@scene("dashboard", "empty")
def dashboard_empty(stage: Stage) -> None:
    stage.let_in(person())
    stage.open("/")


@scene("dashboard", "one factor")
def dashboard_one(stage: Stage) -> None:
    user = person()
    give_app(user)
    stage.let_in(user)
    stage.open("/")


@scene("dashboard", "everything")
def dashboard_full(stage: Stage) -> None:
    user = with_phone(username="dr.maximiliane.von-und-zu.hohenfels", name="Dr. Maximiliane von und zu Hohenfels")
    give_app(user)
    give_app(user, name="Work laptop, the grey one in the second drawer from the top, left")
    give_recovery_codes(user)
    stage.let_in(user)
    stage.open("/")


def came_back(stage: Stage, *, with_app: bool) -> None:
    """Signed in with a recovery code; the app is at hand, or reported lost."""
    user = person()
    give_app(user)
    codes = give_recovery_codes(user)
    if not with_app:
        Factor.objects.filter(user=user, kind="totp").update(suspended_at=timezone.now())
    stage.give_password(user)
    stage.open("/sign-in/code/?way=recovery")
    stage.page.locator("#id_code").fill(codes[0])
    with stage.page.expect_navigation():
        stage.press("Continue")
    stage.reads("You are signed in with a recovery code.")


@scene("dashboard", "came back by a recovery code")
def dashboard_came_back(stage: Stage) -> None:
    came_back(stage, with_app=True)


@scene("prove_alone", "app")
def prove_alone(stage: Stage) -> None:
    came_back(stage, with_app=True)
    stage.open("/recovery/remove/")
    stage.reads("a recovery code is not enough")


@scene("prove_alone", "nothing works")
def prove_alone_first(stage: Stage) -> None:
    came_back(stage, with_app=False)
    stage.open("/prove/alone/")
    stage.heading_is("First set up a factor")


@scene("dashboard", "few recovery codes, menu open")
def dashboard_few(stage: Stage) -> None:
    user = person()
    give_app(user)
    give_recovery_codes(user)
    held = Factor.objects.get(user=user, kind="recovery")
    held.state["hashes"] = held.state.get("hashes", [])[:2]
    held.save()
    stage.let_in(user)
    stage.open("/")
    stage.page.locator("summary").click()


@scene("dashboard", "something done")
def dashboard_message(stage: Stage) -> None:
    user = person()
    give_app(user)
    stage.let_in(user)
    stage.open("/")
    stage.follow("Rename")
    stage.type("Name", "My phone")
    stage.press("Save the name")
    stage.reads("It is called “My phone” now.")


@scene("history", "empty")
def history_empty(stage: Stage) -> None:
    stage.let_in(person())
    stage.open("/history/")


@scene("history", "two pages")
def history_full(stage: Stage) -> None:
    user = person()
    give_app(user)
    now = timezone.now()
    AuthenticationRecord.objects.bulk_create(
        AuthenticationRecord(
            user=user, username=user.username, application="portal", address="2001:db8::8a2e:370:7334", kind="totp",
            accepted=number % 3 > 0, code=OATH_VERIFIED.code, cause="wrong code", at=now - timedelta(hours=number),
        )
        for number in range(40)
    )  # fmt: skip
    stage.let_in(user)
    stage.open("/history/")
    stage.follow("Next")
    stage.page.get_by_role("link", name="Previous").wait_for()


@scene("404", "no such page")
def not_found(stage: Stage) -> None:
    stage.let_in(person())
    stage.open("/no/such/page/")


@scene("dashboard", "unknown host")
def bad_request(stage: Stage) -> None:
    stage.page.goto(stage.url.replace("localhost", "other.localhost"))


@scene("sign_in", "page was open too long")
def token_refused(stage: Stage) -> None:
    stage.open("/sign-in/")
    stage.page.context.clear_cookies()
    stage.type("User name", "alice")
    stage.type("Password", "wrong")
    stage.press("Sign in")
    stage.reads("This page was open too long")


@scene("admin:index", "not for this person")
def forbidden(stage: Stage) -> None:
    user = person()
    give_app(user)
    stage.let_in(user)
    stage.open("/admin/")


@scene("dashboard", "broken")
def broken(stage: Stage) -> None:
    stage.let_in(person())
    with mock.patch("mfa.pages.events.latest", side_effect=RuntimeError("broken on purpose")):
        stage.open("/")
    stage.reads("Something broke on our side")
