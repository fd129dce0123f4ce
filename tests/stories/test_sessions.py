"""Two browsers of one person: which are listed, what ends them, and what is told of a new one."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa.delivery import outbox
from mfa.models import Application, AuditEvent, Delivery, KnownBrowser, OpenSession, Remembered, RememberRule
from tests.stories import acting

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"


def browser(agent: str) -> Client:
    return Client(headers={"host": "portal.test", "user-agent": agent})


@pytest.fixture
def desk(alice: User) -> acting.Person:
    """Alice at her desk."""
    return acting.with_app(browser(FIREFOX), alice)


@pytest.fixture
def phone(desk: acting.Person) -> Client:
    """Her second browser, signed in too."""
    client = browser(SAFARI)
    acting.give_password(client, "alice")
    assert acting.give_code(client, desk.code(steps=1)).status_code == 302
    return client


def listed(client: Client) -> str:
    answer = client.get("/sessions/", secure=True)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def is_in(client: Client) -> bool:
    return client.get("/", secure=True).status_code == 200


def come_back(client: Client, owner: acting.Person) -> None:
    """The owner signs in some minutes later, when the app shows another code."""
    with time_machine.travel(timezone.now() + timedelta(minutes=3)):
        acting.give_password(client, owner.user.username)
        assert acting.give_code(client, owner.code()).status_code == 302


def token_of(browser_name: str) -> str:
    return OpenSession.objects.get(browser=browser_name).token


@pytest.mark.row("A-7.5.2")
def test_a_person_sees_their_sessions_and_ends_one_of_them_at_once(desk: acting.Person, phone: Client) -> None:
    shown = listed(desk.client)
    assert "Firefox on Linux" in shown
    assert "Safari on iPhone" in shown
    assert shown.count("This session") == 1
    assert desk.client.post(f"/sessions/{token_of('Safari')}/end/", secure=True).status_code == 302
    assert not is_in(phone)
    assert is_in(desk.client)
    assert "Safari on iPhone" not in listed(desk.client)
    assert AuditEvent.objects.get(action="session.ended").details["name"] == "Safari iPhone"


@pytest.mark.row("A-7.5.2")
def test_no_page_shows_the_key_of_a_session(desk: acting.Person, phone: Client) -> None:
    keys = set(Session.objects.values_list("session_key", flat=True))
    assert keys
    shown = listed(desk.client)
    assert not [key for key in keys if key in shown]


@pytest.mark.row("A-7.5.2")
@pytest.mark.row("A-8.2.2")
def test_nobody_ends_the_session_of_another(desk: acting.Person, make_user: Any) -> None:
    bob = acting.with_app(browser(SAFARI), make_user("bob"))
    theirs = desk.client.post(f"/sessions/{token_of('Safari')}/end/", secure=True)
    unknown = desk.client.post("/sessions/nobodys/end/", secure=True)
    assert (theirs.status_code, unknown.status_code) == (404, 404)
    assert is_in(bob.client)


@pytest.mark.row("A-7.4.3")
def test_signing_out_everywhere_leaves_no_session_and_nothing_remembered(desk: acting.Person, phone: Client) -> None:
    rule = RememberRule.objects.create(name="anywhere", scope="user", seconds=600)
    now = timezone.now()
    Remembered.objects.create(
        rule=rule, user=desk.user, kind="totp", epoch=User.objects.get(pk=desk.user.pk).security_epoch, at=now,
        until=now + timedelta(minutes=10),
    )  # fmt: skip
    assert "every application" in listed(desk.client)
    desk.client.post("/sessions/all/end/", secure=True)
    assert not is_in(phone)
    assert not is_in(desk.client)
    assert not Remembered.objects.exists()
    assert not OpenSession.objects.exists()


@pytest.mark.row("A-7.4.3")
def test_a_changed_factor_ends_the_other_session_and_the_list_says_so(desk: acting.Person, phone: Client) -> None:
    desk.client.post("/recovery/", secure=True)
    codes = acting.recovery_codes(desk.client.get("/recovery/codes/", secure=True).content.decode())
    desk.client.post("/recovery/codes/", {"code": codes[0]}, secure=True)
    assert "Safari" not in listed(desk.client)
    assert not is_in(phone)


def test_what_applications_remember_is_forgotten_alone(desk: acting.Person) -> None:
    rule = RememberRule.objects.create(name="anywhere", scope="user", seconds=600)
    now = timezone.now()
    Remembered.objects.create(rule=rule, user=desk.user, kind="totp", epoch=0, at=now, until=now + timedelta(hours=1))
    desk.client.post("/sessions/remembered/forget/", secure=True)
    assert not Remembered.objects.exists()
    assert is_in(desk.client)


def test_signing_out_takes_the_session_off_the_list(desk: acting.Person, phone: Client) -> None:
    phone.post("/sign-out/", secure=True)
    assert "Safari" not in listed(desk.client)


def test_a_session_in_use_is_seen_and_costs_one_write_a_minute(desk: acting.Person) -> None:
    OpenSession.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
    listed(desk.client)
    seen = OpenSession.objects.get().seen_at
    assert timezone.now() - seen < timedelta(seconds=30)
    listed(desk.client)
    assert OpenSession.objects.get().seen_at == seen


def test_the_very_first_browser_is_no_news_and_the_second_is_told(desk: acting.Person) -> None:
    assert not Delivery.objects.filter(template="new-browser").exists()
    other = browser(SAFARI)
    acting.give_password(other, "alice")
    acting.give_code(other, desk.code(steps=1))
    told = outbox.read(Delivery.objects.get(template="new-browser", recipient="alice@example.test"))
    assert "Safari on iPhone" in told
    assert "127.0.0.1" in told
    assert "/sessions/" in told


def test_a_browser_that_was_seen_before_is_told_once(desk: acting.Person, phone: Client) -> None:
    phone.post("/sign-out/", secure=True)
    OpenSession.objects.all().delete()
    cookie = phone.cookies[settings.BROWSER_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["secure"]
    come_back(phone, desk)
    assert Delivery.objects.filter(template="new-browser").count() == 1


@pytest.mark.row("T-39")
def test_the_cookie_of_a_known_browser_spares_nobody_a_code(desk: acting.Person, phone: Client) -> None:
    thief = browser(SAFARI)
    for name, cookie in phone.cookies.items():
        if name != settings.SESSION_COOKIE_NAME:
            thief.cookies[name] = cookie.value
    assert settings.BROWSER_COOKIE_NAME in thief.cookies
    assert not is_in(thief)
    assert acting.give_password(thief, "alice").headers["Location"].startswith("/sign-in/code/")
    assert not is_in(thief)


def test_a_cookie_that_somebody_wrote_is_none(desk: acting.Person, phone: Client) -> None:
    forged = browser(FIREFOX)
    mark = phone.cookies[settings.BROWSER_COOKIE_NAME].value.partition(":")[0]
    forged.cookies[settings.BROWSER_COOKIE_NAME] = f"{mark}:x:y"
    come_back(forged, desk)
    assert Delivery.objects.filter(template="new-browser").count() == 2
    assert mark not in str(list(KnownBrowser.objects.values_list("mark", flat=True)))


def test_one_browser_of_two_people_does_not_tell_that_they_share_it(desk: acting.Person, make_user: Any) -> None:
    shared = desk.client
    shared.post("/sign-out/", secure=True)
    make_user("bob")
    acting.give_password(shared, "bob")
    marks = KnownBrowser.objects.values_list("mark", flat=True)
    assert len(marks) == len(set(marks)) == 2
    assert not re.search(settings.BROWSER_COOKIE_NAME, listed(shared))


@pytest.mark.row("A-7.5.2")
@pytest.mark.row("A-8.2.2")
def test_one_remembered_place_is_forgotten_by_its_owner_and_the_others_stay(
    desk: acting.Person, make_user: Any
) -> None:
    rule = RememberRule.objects.create(name="VPN", scope="application", seconds=3600)
    kept = {
        "rule": rule,
        "kind": "totp",
        "epoch": desk.user.security_epoch,
        "until": timezone.now() + timedelta(hours=1),
    }
    made = [
        Remembered.objects.create(
            user=desk.user, application=Application.objects.create(slug=slug, name=slug.upper()), **kept
        )
        for slug in ("vpn", "wiki")
    ]
    other = acting.with_app(browser(SAFARI), make_user("bob"))
    assert other.client.post(f"/sessions/remembered/{made[0].pk}/forget/", secure=True).status_code == 404
    assert "VPN forgets your last code" in listed_at(desk.client, f"/sessions/remembered/{made[0].pk}/forget/")
    assert desk.client.post(f"/sessions/remembered/{made[0].pk}/forget/", secure=True).status_code == 302
    assert list(Remembered.objects.values_list("application__slug", flat=True)) == ["wiki"]
    assert AuditEvent.objects.get(action="memory.one-forgotten").details["name"] == "VPN"
    assert "An application asks for a code again" in listed_at(desk.client, "/history/")
    desk.let_proof_grow_old()
    again = desk.client.post(f"/sessions/remembered/{made[1].pk}/forget/", secure=True)
    assert again.headers["Location"].startswith("/prove/")
    assert Remembered.objects.exists()


def listed_at(client: Client, path: str) -> str:
    return html.unescape(client.get(path, secure=True).content.decode())
