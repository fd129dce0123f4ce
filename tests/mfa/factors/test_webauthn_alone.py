"""Signing in with a passkey and nothing before it: two factors in one, or nothing at all."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from accounts import users
from accounts.directory import presence
from accounts.models import User
from accounts.passwords import DirectoryUnreachable
from mfa.factors.webauthn import alone
from mfa.models import AuthenticationRecord, Factor, OneTimeCode
from mfa.outcomes import (
    DIRECTORY_UNREACHABLE,
    PASSKEY_OUT_OF_TIME,
    PASSKEY_REPLAYED,
    PASSKEY_UNKNOWN,
    PASSKEY_UNVERIFIED,
    PASSKEY_VERIFIED,
    USER_DISABLED,
)
from tests.answers import Answer
from tests.stories import acting, passkeys
from tests.stories.soft_key import PRESENT, SoftKey

NEUTRAL = "That passkey did not open an account here."


@pytest.fixture
def key(alice: User) -> SoftKey:
    return passkeys.with_passkey(browser(), alice)[0]


def browser() -> Client:
    return Client(headers={"host": "portal.test"})


def is_in(client: Client) -> bool:
    return client.get("/history/", secure=True).status_code == 200


def latest() -> AuthenticationRecord:
    return AuthenticationRecord.objects.filter(kind="webauthn").latest("pk")


def page_after(client: Client, answer: Answer) -> str:
    assert answer.headers["Location"] == "/sign-in/?next=%2F"
    return client.get(answer.headers["Location"], secure=True).content.decode()


def test_a_passkey_opens_its_owners_account(client: Client, key: SoftKey) -> None:
    answer = passkeys.answer_at(client, passkeys.ALONE, key)
    assert answer.headers["Location"] == "/"
    assert is_in(client)
    record = latest()
    assert (record.username, record.code, record.application) == ("alice", PASSKEY_VERIFIED.code, "portal")
    assert client.get("/webauthn/add/", secure=True).status_code == 200  # the proof is fresh


def test_it_leads_where_one_wanted_to_go_and_nowhere_else(client: Client, key: SoftKey) -> None:
    for target, leads in (("/history/", "/history/"), ("https://evil.example/", "/")):
        text = key.sign(passkeys.question(client, passkeys.ALONE))
        assert passkeys.give(client, passkeys.ALONE, text, next=target).headers["Location"] == leads


@pytest.mark.row("N-30")
@pytest.mark.row("T-70")
def test_without_finger_face_or_pin_it_opens_nothing(client: Client, key: SoftKey) -> None:
    options = passkeys.question(client, passkeys.ALONE)
    assert options["userVerification"] == "required"
    passkeys.give(client, passkeys.ALONE, key.sign(options, flags=PRESENT))
    assert not is_in(client)
    assert latest().code == PASSKEY_UNVERIFIED.code


@pytest.mark.row("T-15b")
def test_the_question_names_nobodys_passkeys(client: Client, key: SoftKey) -> None:
    asked = [passkeys.question(browser(), passkeys.ALONE) for _ in range(2)]
    for options in asked:
        assert not options.get("allowCredentials")
        del options["challenge"]
    assert asked[0] == asked[1]


@pytest.mark.row("T-70")
@pytest.mark.row("A-6.7.2")
def test_the_answer_counts_once_in_the_browser_that_was_asked(client: Client, key: SoftKey) -> None:
    text = key.sign(passkeys.question(client, passkeys.ALONE))
    asked = client.cookies[alone.cookie()].value
    stranger = browser()
    passkeys.give(stranger, passkeys.ALONE, text)
    assert latest().code == PASSKEY_OUT_OF_TIME.code
    passkeys.give(client, passkeys.ALONE, text)
    assert is_in(client)
    stranger.cookies[alone.cookie()] = asked
    passkeys.give(stranger, passkeys.ALONE, text)
    assert latest().code == PASSKEY_REPLAYED.code
    assert not is_in(stranger)


@pytest.mark.row("A-6.7.2")
def test_the_question_is_over_after_five_minutes(client: Client, key: SoftKey) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        text = key.sign(passkeys.question(client, passkeys.ALONE))
        clock.shift(timedelta(minutes=5, seconds=1))
        passkeys.give(client, passkeys.ALONE, text)
    assert latest().code == PASSKEY_OUT_OF_TIME.code
    assert not is_in(client)


@pytest.mark.row("T-70")
def test_what_was_asked_at_the_second_step_opens_nothing_here(client: Client, key: SoftKey) -> None:
    acting.give_password(client, "alice")
    text = key.sign(passkeys.question(client, passkeys.SECOND_STEP))
    passkeys.give(client, passkeys.ALONE, text)
    assert latest().code == PASSKEY_OUT_OF_TIME.code
    assert not is_in(client)


@pytest.mark.row("T-14")
def test_every_refusal_looks_the_same(
    client: Client, key: SoftKey, alice: User, make_user: Callable[..., User]
) -> None:
    gone = make_user("gone")
    theirs, _ = passkeys.with_passkey(browser(), gone)
    users.deactivate_many([gone.pk], now=datetime.now(UTC), actor=None)
    lost, row = passkeys.with_passkey(browser(), make_user("loser"))
    Factor.objects.filter(pk=row.pk).update(suspended_at=datetime.now(UTC))
    tries: list[tuple[SoftKey, dict[str, Any]]] = [
        (SoftKey(handle=key.handle), {}),
        (theirs, {}),
        (lost, {}),
        (key, {"signature": b"no"}),
        (key, {"flags": PRESENT}),
        (key, {"counter": 0}),
    ]
    answers, pages = [], set()
    for one, wrong in tries:
        visitor = browser()
        answer = passkeys.answer_at(visitor, passkeys.ALONE, one, **wrong)
        answers.append(answer)
        pages.add(re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page_after(visitor, answer)))
    assert len(pages) == 1
    assert NEUTRAL in pages.pop()
    shapes = {tuple(sorted(set(answer.headers) - {"X-Request-Id"})) for answer in answers}
    assert len(shapes) == 1
    assert len({tuple(sorted(answer.cookies)) for answer in answers}) == 1
    codes = list(
        AuthenticationRecord.objects.filter(kind="webauthn", accepted=False).order_by("pk").values_list("code")
    )
    assert len(set(codes)) == len(tries)  # only the log tells


@pytest.mark.row("T-14")
def test_the_clock_tells_no_refusal_apart(key: SoftKey) -> None:
    """What takes least time, and what takes most."""
    for one, wrong in ((SoftKey(), {}), (key, {"flags": PRESENT})):
        visitor = browser()
        text = one.sign(passkeys.question(visitor, passkeys.ALONE), **wrong)
        began = time.perf_counter()
        passkeys.give(visitor, passkeys.ALONE, text)
        assert time.perf_counter() - began >= alone.REFUSED_AFTER


def test_an_unknown_passkey_is_logged_under_nobodys_name(client: Client, db: None) -> None:
    passkeys.answer_at(client, passkeys.ALONE, SoftKey())
    record = latest()
    assert (record.user, record.username, record.code) == (None, "", PASSKEY_UNKNOWN.code)
    assert not OneTimeCode.objects.exists()


@pytest.mark.row("T-27")
@pytest.mark.row("A-7.2.4")
def test_the_session_is_a_new_one(client: Client, key: SoftKey) -> None:
    acting.give_password(client, "alice")
    planted = client.session.session_key
    passkeys.answer_at(client, passkeys.ALONE, key)
    assert client.session.session_key != planted
    client.cookies["__Host-session"] = str(planted)
    assert not is_in(client)


@pytest.mark.row("A-3.3.3")
def test_the_question_is_kept_in_a_cookie_for_this_host_that_no_script_reads(client: Client, db: None) -> None:
    kept = client.post("/webauthn/sign-in/options/", secure=True).cookies["__Host-passkey"]
    assert kept["secure"]
    assert kept["httponly"]
    assert (kept["samesite"], kept["path"], kept["domain"]) == ("Strict", "/", "")


@pytest.mark.row("T-74")
@pytest.mark.parametrize("there", [True, False])
def test_a_person_of_the_directory_must_still_be_there(
    client: Client, key: SoftKey, alice: User, settings: Settings, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    monkeypatch.setattr(presence, "is_there", lambda user: there)
    passkeys.answer_at(client, passkeys.ALONE, key)
    assert is_in(client) is there
    assert latest().code == (PASSKEY_VERIFIED if there else USER_DISABLED).code


@pytest.mark.row("T-74")
def test_while_the_directory_is_out_of_reach_nobody_of_it_gets_in(
    client: Client, key: SoftKey, alice: User, settings: Settings
) -> None:
    User.objects.filter(pk=alice.pk).update(directory_id="6f1c")
    settings.LDAP_URL = "ldap://127.0.0.1:1"
    settings.LDAP_USER_BASE = "dc=example"
    answer = passkeys.answer_at(client, passkeys.ALONE, key)
    assert "Signing in is not possible just now." in page_after(client, answer)
    assert latest().code == DIRECTORY_UNREACHABLE.code
    with pytest.raises(DirectoryUnreachable):
        presence.is_there(User.objects.get(pk=alice.pk))


def test_without_javascript_the_button_says_what_is_needed(client: Client, db: None) -> None:
    answer = client.post("/webauthn/sign-in/", {"code": ""}, secure=True)
    assert "This needs JavaScript" in page_after(client, answer)


def test_looking_at_the_page_makes_no_session(client: Client, db: None) -> None:
    client.get("/sign-in/", secure=True)
    client.post("/webauthn/sign-in/options/", secure=True)
    assert "__Host-session" not in client.cookies
