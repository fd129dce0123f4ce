"""The case of TOTP behind a GUI: an admin asks it of somebody and deletes their secret; they set it up again; a clock
drifts; an activation code runs out; and nobody edits the database, not even when every admin is locked out.

One person and one admin, from the first day to the last, through HTTP and, where the pages are shut, a shell.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from mfa import activation, qr
from mfa.models import AuditEvent, Delivery, Factor
from tests.conftest import PASSWORD
from tests.mfa.doors import give_role
from tests.stories import acting
from tests.stories.authenticator import Phone, scan

NOON = datetime(2026, 3, 2, 12, 0, 4, tzinfo=UTC)
CODE = re.compile(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}")
PEOPLE = "/admin/accounts/user/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Noon, until a story moves it."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def admin(make_user: Callable[..., User]) -> acting.Person:
    """The one admin."""
    return acting.with_app(browser(), give_role(make_user("root"), "admin"))


def test_a_secret_is_required_deleted_set_again_drifts_and_nobody_stays_locked_out(
    admin: acting.Person, alice: User, clock: time_machine.Traveller, settings: Settings
) -> None:
    settings.SIGN_IN_CODE_FIELD = "always"
    everybody_sees_the_code_field()
    phone = is_required_and_sets_it_up(admin, alice)
    clock.shift(60)
    signs_in_on_one_page(phone)
    secret_is_deleted(admin, alice, phone)
    new_phone = sets_it_up_again_with_password_and_activation_code(admin, alice)
    clock.shift(timedelta(days=30))
    clock_drifts_and_is_resynchronised(new_phone, clock)
    expired_code_is_not_about_clocks(admin, alice, clock)
    locked_out_admin_comes_in_by_the_shell(admin, clock)


def browser() -> Client:
    return Client(headers={"host": "portal.test"}, SERVER_NAME="portal.test")


def text(answer: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def get(client: Client, path: str) -> Any:
    return client.get(path, secure=True)


def post(client: Client, path: str, **typed: str) -> Any:
    return client.post(path, typed, secure=True)


def where(client: Client, path: str = "/") -> str:
    """Where the page leads; empty where it opens."""
    return str(get(client, path).headers.get("Location", ""))


def give(client: Client, code: str = "") -> Any:
    return post(client, "/sign-in/", username="alice", password=PASSWORD, code=code)


def do(admin: acting.Person, act: str, person: User, **more: str) -> Any:
    """What the admin does on the person's page, with a fresh proof."""
    acting.give_password(admin.client, "root")
    acting.give_code(admin.client, admin.code())
    form = {"people": str(person.pk), "reason": "as asked", "identity": "in-person", "ticket": "INC-7"} | more
    return admin.client.post(f"{PEOPLE}act/{act}/", form, secure=True, follow=True)


def everybody_sees_the_code_field() -> None:
    """Whoever has no factor too, and whoever does not exist: the page tells nothing about anybody."""
    assert 'name="code"' in get(browser(), "/sign-in/").content.decode()
    answer = post(browser(), "/sign-in/", username="nobody", password="wrong", code="123456")
    assert "That did not work. Check user name, password and code." in text(answer)


def set_up(client: Client, name: str) -> Phone:
    page = client.post("/totp/add/", {"name": name}, secure=True, follow=True)
    assert "<svg" in page.content.decode()
    phone = scan(page)
    assert post(client, "/totp/scan/", code=phone.code()).status_code == 302
    return phone


def is_required_and_sets_it_up(admin: acting.Person, alice: User) -> Phone:
    assert "Two-factor sign-in is now required." in text(do(admin, "require", alice))
    client = browser()
    give(client)
    assert where(client) == "/enrol/"
    return set_up(client, "Work phone")


def signs_in_on_one_page(phone: Phone) -> None:
    client = browser()
    assert "That did not work." in text(give(client, phone.wrong()))
    give(client, phone.code())
    assert where(client) == ""


def secret_is_deleted(admin: acting.Person, alice: User, phone: Phone) -> None:
    """The person is told, and neither the old codes nor the password alone open or enrol anything."""
    assert "The factor was reset." in text(do(admin, "reset-one", alice, kind="totp"))
    assert not Factor.objects.filter(user=alice, kind="totp").exists()
    assert Delivery.objects.filter(user=alice, template="factors-reset").exists()
    client = browser()
    give(client, phone.code())
    for path in ("/", "/enrol/", "/totp/add/", "/totp/scan/"):
        assert where(client, path) == "/activation/", path


def sets_it_up_again_with_password_and_activation_code(admin: acting.Person, alice: User) -> Phone:
    """The code may be typed as it is read out, or scanned: the picture says the same."""
    page = do(admin, "activate", alice)
    assert f"it works once and for {activation.LIFETIME // timedelta(hours=1)} hours" in text(page)
    code = CODE.search(text(page))
    assert code
    assert qr.svg(code[0].replace("-", "")) in page.content.decode()
    client = browser()
    give(client)
    assert post(client, "/activation/", code=code[0].lower().replace("-", " ")).headers["Location"] == "/enrol/"
    return set_up(client, "New phone")


def clock_drifts_and_is_resynchronised(phone: Phone, clock: time_machine.Traveller) -> None:
    """Named in seconds, to half a period; two codes that follow each other mend it, also at sign-in."""
    phone.clock_seconds = -240
    client = browser()
    give(client)
    refused = text(acting.give_code(client, phone.code()))
    late = re.search(r"Your phone's clock is (\d+) seconds late", refused)
    assert late
    assert abs(int(late[1]) - 240) <= 15
    clock.shift(60)
    both = phone.code(steps=-1) + phone.code()
    assert acting.give_code(client, both).status_code == 302
    clock.shift(60)
    again = browser()
    give(again, phone.code())
    assert where(again) == ""


def expired_code_is_not_about_clocks(admin: acting.Person, alice: User, clock: time_machine.Traveller) -> None:
    do(admin, "reset", alice)
    old = CODE.search(text(do(admin, "activate", alice)))
    assert old
    clock.shift(activation.LIFETIME - timedelta(seconds=1))
    assert activation.newest(alice).expires_at > datetime.now(UTC)  # type: ignore[union-attr]  # one was just made
    clock.shift(timedelta(seconds=1))
    client = browser()
    give(client)
    refused = text(post(client, "/activation/", code=old[0]))
    assert "This activation code no longer works. Ask helpdesk for a new one; your clock is not the cause." in refused
    new = CODE.search(text(do(admin, "activate", alice)))
    assert new
    assert post(client, "/activation/", code=new[0]).headers["Location"] == "/enrol/"
    set_up(client, "Newest phone")


def locked_out_admin_comes_in_by_the_shell(admin: acting.Person, clock: time_machine.Traveller) -> None:
    """Their phone is gone, and there is no other admin: a command, and no SQL."""
    clock.shift(60)
    said = io.StringIO()
    call_command("breakglass", "root", "--reason", "phone lost, no other admin", stdout=said, stderr=io.StringIO())
    client = browser()
    acting.give_password(client, "root")
    assert where(client, "/admin/") == "/activation/"
    assert post(client, "/activation/", code=said.getvalue().strip()).headers["Location"] == "/enrol/"
    set_up(client, "Phone of root")
    assert where(client, "/admin/") == ""
    assert AuditEvent.objects.filter(action="breakglass.used", username="root").exists()
