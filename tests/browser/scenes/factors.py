"""The pages of authenticator apps, recovery codes and activation codes."""

from __future__ import annotations

from datetime import date, timedelta

from django.urls import reverse
from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource, User
from mfa import activation
from mfa.models import Application, Policy, Rule
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, app_of, give_app, give_recovery_codes, person
from tests.stories.acting import code_of


def with_app(stage: Stage) -> tuple[User, bytes]:
    user = person()
    secret = give_app(user)
    stage.let_in(user)
    return user, secret


def open_own(stage: Stage, view: str) -> bytes:
    """The page `view` of the person's only app."""
    user, secret = with_app(stage)
    stage.open(reverse(view, args=[app_of(user).pk]))
    return secret


@scene("totp:add", "first app")
def add(stage: Stage) -> None:
    stage.let_in(person())
    stage.open("/totp/add/")


@scene("totp:add", "name missing")
def add_nameless(stage: Stage) -> None:
    add(stage)
    stage.type("Name", "")
    stage.press("Show the QR code")
    stage.page.locator(".field-error").wait_for()


@scene("totp:scan", "QR code")
def scan(stage: Stage) -> None:
    add(stage)
    stage.press("Show the QR code")
    stage.heading_is("Scan this with your app")


@scene("totp:scan", "wrong code")
def scan_wrong(stage: Stage) -> None:
    scan(stage)
    stage.page.locator("#id_code").fill("000000")
    stage.press("Confirm the code")
    stage.page.locator(".field-error").wait_for()


@scene("totp:scan", "clock wrong")
def scan_early(stage: Stage) -> None:
    scan(stage)
    stage.page.locator("#id_code").fill(code_of(stage.key_on_page(), steps=-20))
    stage.press("Confirm the code")
    stage.page.locator(".field-error").wait_for()


@scene("totp:move", "start")
def move(stage: Stage) -> None:
    open_own(stage, "totp:move")


@scene("test", "start")
def test(stage: Stage) -> None:
    with_app(stage)
    stage.open("/test/?way=totp")


@scene("test", "clock wrong")
def test_late(stage: Stage) -> None:
    _, secret = with_app(stage)
    stage.open("/test/?way=totp")
    stage.page.locator("#id_code").fill(code_of(secret, steps=4))
    stage.press("Test the code")
    stage.page.locator(".field-error").wait_for()


@scene("totp:clock", "start")
def clock(stage: Stage) -> None:
    open_own(stage, "totp:clock")


@scene("totp:clock", "two errors")
def clock_empty(stage: Stage) -> None:
    open_own(stage, "totp:clock")
    stage.press("Adjust the clock")
    stage.page.locator(".field-error").first.wait_for()


@scene("totp:rename", "start")
def rename(stage: Stage) -> None:
    open_own(stage, "totp:rename")


@scene("totp:remove", "last one")
def remove(stage: Stage) -> None:
    open_own(stage, "totp:remove")


@scene("totp:remove", "one of two")
def remove_one_of_two(stage: Stage) -> None:
    user, _ = with_app(stage)
    give_app(user, name="Tablet")
    stage.let_in(user)
    stage.open(reverse("totp:remove", args=[app_of(user).pk]))


@scene("totp:remove", "the VPN takes nothing else")
def remove_closes(stage: Stage) -> None:
    user, _ = with_app(stage)
    Application.objects.create(slug="vpn", name="Company VPN", kinds=["totp"])
    users.set_phone(user, "+491701234567", source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=user)
    user.refresh_from_db()
    stage.let_in(user)
    stage.open(reverse("totp:remove", args=[app_of(user).pk]))
    stage.reads("Without it no code of yours works there: Company VPN.")


@scene("totp:remove", "must be kept")
def remove_kept(stage: Stage) -> None:
    user, _ = with_app(stage)
    Policy.objects.update_or_create(user=user, defaults={"required": True})
    stage.open(reverse("totp:remove", args=[app_of(user).pk]))


@scene("recovery:start", "first set")
def recovery_start(stage: Stage) -> None:
    with_app(stage)
    stage.open("/recovery/")


@scene("recovery:start", "new set")
def recovery_again(stage: Stage) -> None:
    user, _ = with_app(stage)
    give_recovery_codes(user)
    stage.let_in(user)
    stage.open("/recovery/")


@scene("recovery:codes", "shown")
def recovery_codes(stage: Stage) -> None:
    recovery_start(stage)
    stage.press("Show the codes")
    stage.heading_is("Keep these codes")


@scene("recovery:codes", "wrong code")
def recovery_wrong(stage: Stage) -> None:
    recovery_codes(stage)
    stage.page.locator("#id_code").fill("nothing like it")
    stage.press("Confirm that I kept them")
    stage.page.locator(".field-error").wait_for()


@scene("recovery:remove", "start")
def recovery_remove(stage: Stage) -> None:
    user, _ = with_app(stage)
    give_recovery_codes(user)
    stage.let_in(user)
    stage.open("/recovery/remove/")


@scene("recovery:remove", "must be kept")
def recovery_kept(stage: Stage) -> None:
    recovery_remove(stage)
    Rule.objects.create(name="Way back", starts_on=date(2020, 1, 1), grace_days=0, factors=0, backup=True)
    stage.page.reload()
    stage.reads("This has to stay")


@scene("activation:first_password", "start")
def first_password(stage: Stage) -> None:
    stage.open("/activation/password/")


@scene("activation:first_password", "refused")
def first_password_refused(stage: Stage) -> None:
    stage.open("/activation/password/")
    stage.type("User name", "nobody")
    stage.page.locator("#id_code").fill("ABCD-EFGH-2345")
    stage.page.locator("#id_password").fill("four words are good")
    stage.page.locator("#id_again").fill("four words are good")
    stage.press("Set the password")
    stage.reads("That did not work.")


@scene("activation:enter", "start")
def activate(stage: Stage) -> None:
    user = person()
    activation.issue(user, actor=None, reason="lost phone", now=timezone.now() - timedelta(hours=1))
    stage.let_in(user)
    stage.open("/")


@scene("activation:enter", "wrong code")
def activate_wrong(stage: Stage) -> None:
    activate(stage)
    stage.page.locator("#id_code").fill("ABCD-EFGH-2345")
    stage.press("Continue")
    stage.page.locator(".field-error").wait_for()
