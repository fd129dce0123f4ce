"""Hardware tokens: the owner's pages and those of the administration."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mfa.models import Factor, HardwareToken
from mfa.tokens import batches, stock
from tests.browser.scenes.desk import as_admin, ask, people
from tests.browser.scenes.scene import scene
from tests.browser.stage import Stage, give_app, person
from tests.mfa.tokens.samples import csv
from tests.mfa.tokens.shelf import pressed, put


def with_token(stage: Stage) -> Factor:
    user = person()
    put("AB10020030")
    factor = stock.assign(user, "AB10020030", actor=user, reason="first day", now=timezone.now())
    user.refresh_from_db()
    stage.let_in(user)
    return factor


def open_own(stage: Stage, view: str) -> None:
    stage.open(reverse(view, args=[with_token(stage).pk]))


@scene("dashboard", "with a hardware token")
def dashboard(stage: Stage) -> None:
    with_token(stage)
    stage.open("/")
    stage.reads("serial AB10020030")


@scene("lost_phone", "a hardware token")
def lost(stage: Stage) -> None:
    dashboard(stage)
    stage.follow("I lost it")
    stage.reads("What is gone?")


@scene("token:add", "start")
def add(stage: Stage) -> None:
    put("1001")
    stage.let_in(person())
    stage.open("/token/add/")


@scene("token:add", "not together")
def add_wrong(stage: Stage) -> None:
    add(stage)
    stage.type("Serial number", "1002")
    stage.page.locator("#id_code").fill(pressed(1))
    stage.press("Add the token")
    stage.page.locator(".field-error").wait_for()


@scene("test", "token ahead")
def test_ahead(stage: Stage) -> None:
    with_token(stage)
    stage.open("/test/?way=token")
    stage.page.locator("#id_code").fill(pressed(50))
    stage.press("Test the code")
    stage.reads("The token is ahead")


@scene("token:adjust", "start")
def adjust(stage: Stage) -> None:
    open_own(stage, "token:adjust")


@scene("token:rename", "start")
def rename(stage: Stage) -> None:
    open_own(stage, "token:rename")


@scene("token:remove", "last one")
def remove(stage: Stage) -> None:
    open_own(stage, "token:remove")


def shelf() -> User:
    """Tokens in stock, held and lost; who holds one."""
    owner = person("ada", name="Ada Lovelace")
    give_app(owner)
    for number in range(1001, 1007):
        put(f"AB{number}", method="totp" if number % 2 else "hotp", manufacturer="Acme")
    stock.assign(owner, "AB1002", actor=owner, reason="first day", now=timezone.now())
    HardwareToken.objects.filter(serial="AB1003").update(lost_at=timezone.now())
    return owner


@scene("admin:mfa_hardwaretoken_changelist", "stock")
def tokens(stage: Stage) -> None:
    as_admin(stage)
    shelf()
    stage.open(reverse("admin:mfa_hardwaretoken_changelist"))


def open_token(stage: Stage, serial: str) -> None:
    as_admin(stage)
    shelf()
    token = HardwareToken.objects.get(serial=serial)
    stage.open(reverse("admin:mfa_hardwaretoken_change", args=[token.pk]))


@scene("admin:mfa_hardwaretoken_change", "held")
def token_held(stage: Stage) -> None:
    open_token(stage, "AB1002")


@scene("admin:mfa_hardwaretoken_change", "lost")
def token_lost(stage: Stage) -> None:
    open_token(stage, "AB1003")


@scene("admin:mfa_hardwaretoken_import", "start")
def choose(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:mfa_hardwaretoken_import"))


@scene("admin:mfa_hardwaretoken_import", "no file")
def choose_nothing(stage: Stage) -> None:
    choose(stage)
    stage.press("Read the file")
    stage.page.locator(".field-error").first.wait_for()


def read(stage: Stage, data: bytes) -> str:
    admin = as_admin(stage)
    shelf()
    batch = batches.begin(data, name="delivery-2026-11.csv", unlock="", actor=admin, now=timezone.now())
    return reverse("admin:mfa_hardwaretoken_preview", args=[batch.pk])


@scene("admin:mfa_hardwaretoken_preview", "new ones")
def preview(stage: Stage) -> None:
    stage.open(read(stage, csv("AB1001", *(f"CD{number}" for number in range(60)))))


@scene("admin:mfa_hardwaretoken_preview", "refused ones")
def preview_refused(stage: Stage) -> None:
    stage.open(read(stage, csv("CD1", "CD1") + b"\nCD2,00,hotp\nCD3,xyz,hotp") + "?show=refused")


@scene("admin:accounts_user_act", "assign a token")
def assign(stage: Stage) -> None:
    as_admin(stage)
    put("AB1001")
    ask(stage, "assign-token", people()[3:4])
