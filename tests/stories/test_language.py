"""A person and their language: chosen before signing in, kept, and spoken by pages, mail and SMS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from accounts import users
from accounts.models import PhoneSource, User
from mfa.delivery import outbox
from mfa.models import Delivery
from tests.answers import Answer
from tests.conftest import PASSWORD
from tests.mfa.pages.test_targets import FOREIGN
from tests.stories import acting

NUMBER = "+491701234567"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-11-04T12:00:00+00:00", tick=False) as traveller:
        yield traveller


@pytest.fixture
def with_phone(alice: User, now: Any) -> User:
    users.set_phone(alice, NUMBER, source=PhoneSource.SELF, confirmed_at=now, actor=alice)
    return User.objects.get(pk=alice.pk)


def choose(client: Client, language: str, **fields: str) -> Answer:
    return client.post("/language/", {"language": language, **fields}, secure=True)


def fresh_browser() -> Client:
    return Client(headers={"host": "portal.test"})


def page(client: Client, path: str, **headers: str) -> str:
    answer: Answer = client.get(path, secure=True, follow=True, headers=headers)
    assert answer.status_code == 200, path
    return answer.content.decode()


def newest(channel: str, template: str) -> str:
    return outbox.read(Delivery.objects.filter(channel=channel, template=template).latest("pk"))


def sign_in_by_sms(client: Client) -> str:
    """The SMS whose code let the person in."""
    acting.give_password(client, "alice")
    assert client.post("/sign-in/code/send/?way=sms", {"way": "sms"}, secure=True).status_code == 302
    text = newest("sms", "code")
    code = re.search(r"\d{6}", text)
    assert code
    assert acting.give_code(client, code[0], way="sms").status_code == 302
    return text


def test_who_chooses_german_before_signing_in_reads_and_hears_german_everywhere(
    client: Client, with_phone: User, clock: time_machine.Traveller
) -> None:
    assert 'lang="en"' in page(client, "/sign-in/")
    assert choose(client, "de", next="/sign-in/").headers["Location"] == "/sign-in/"
    assert "Benutzername" in page(client, "/sign-in/")

    sms = sign_in_by_sms(client)
    assert "ist Ihr Code für" in sms
    assert re.fullmatch(rf"@{settings.ALLOWED_HOSTS[0]} #\d{{6}}", sms.splitlines()[-1])
    assert len(sms) <= 160
    assert '<html lang="de"' in page(client, "/")
    assert "Übersicht" in page(client, "/")

    clock.shift(timedelta(minutes=5))
    elsewhere = fresh_browser()
    assert "User name" in page(elsewhere, "/sign-in/")
    sign_in_by_sms(elsewhere)
    assert "Zuletzt geschehen" in page(elsewhere, "/")
    assert "Jemand hat sich" in newest("mail", "new-browser")


def test_a_language_of_ones_own_wins_over_the_browsers(client: Client, alice: User) -> None:
    users.set_language(alice, "en")
    acting.give_password(client, "alice")
    assert "Overview" in page(client, "/", accept_language="de")


def test_the_browsers_wish_counts_while_nothing_was_chosen_and_is_kept(client: Client, alice: User) -> None:
    typed = {"username": "alice", "password": PASSWORD}
    client.post("/sign-in/", typed, secure=True, headers={"accept-language": "de-AT"})
    alice.refresh_from_db()
    assert alice.language == "de"
    assert "Overview" not in page(client, "/")


def test_who_is_signed_in_changes_language_for_good(client: Client, alice: User) -> None:
    acting.give_password(client, "alice")
    assert choose(client, "de", next="/history/").headers["Location"] == "/history/"
    assert "Was an Ihrem Konto geschah" in page(client, "/history/")
    alice.refresh_from_db()
    assert alice.language == "de"


def test_what_is_no_language_changes_nothing(client: Client, alice: User) -> None:
    for wanted in ("", "xx", "../de", "de\r\nSet-Cookie: a=b"):
        assert settings.LANGUAGE_COOKIE_NAME not in choose(client, wanted).cookies
    assert 'lang="en"' in page(client, "/sign-in/")


@pytest.mark.row("T-25")
def test_choosing_a_language_leads_to_a_page_of_the_portal_only(client: Client, db: None) -> None:
    for target in FOREIGN:
        assert choose(client, "de", next=target).headers["Location"] == "/"


def test_the_cookie_of_a_language_is_for_the_server_alone(client: Client, db: None) -> None:
    cookie = choose(client, "de").cookies[settings.LANGUAGE_COOKIE_NAME]
    assert (bool(cookie["httponly"]), cookie["samesite"]) == (True, "Lax")
    assert bool(cookie["secure"]) == settings.HTTPS


def test_a_name_that_is_only_the_kinds_is_not_shown_in_the_language_of_before(client: Client, alice: User) -> None:
    acting.with_app(client, alice)
    choose(client, "de")
    shown = page(client, "/")
    assert "Authenticator-App" in shown
    assert "Authenticator app" not in shown, "neither on its card nor in what happened last"


def test_the_admin_is_in_one_language(client: Client, alice: User) -> None:
    users.set_language(alice, "de")
    acting.give_password(client, "alice")
    assert client.get("/admin/", secure=True).headers["Content-Language"] == "en"
