from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import users
from accounts.models import User
from mfa.kinds import Purpose
from mfa.models import Application, AuthenticationRecord, OneTimeCode, Prompt, Remembered, RememberRule
from mfa.outcomes import CODE_PENDING, OATH_VERIFIED, REMEMBERED_AT_APPLICATION
from mfa.verification import dialogue
from mfa.verification.dialogue import Asked, Identified
from tests.conftest import PASSWORD
from tests.mfa.api.conftest import Call
from tests.mfa.doors import SECRET, add_factor
from tests.stories.authenticator import Phone

Keys = Callable[..., str]


@pytest.fixture
def app_of_alice(alice: User) -> Phone:
    state = {"algorithm": "SHA1", "digits": 6, "period": 30}
    add_factor(alice, state=state)
    return Phone(SECRET, "alice")


def test_a_right_password_and_code_are_accepted_and_logged_with_the_gateway(
    call: Call, vpn: Application, key_of: Keys, app_of_alice: Phone
) -> None:
    answer = call("verify", key_of(vpn), username="Alice", password=PASSWORD, code=app_of_alice.code(), gateway="vpn-1")
    assert answer.json() == {"accepted": True, "message": "", "state": "", "kind": "totp"}
    record = AuthenticationRecord.objects.get()
    assert (record.application, record.gateway, record.code) == ("vpn", "vpn-1", OATH_VERIFIED.code)


@pytest.mark.row("T-14")
def test_every_refusal_reads_the_same(
    call: Call, vpn: Application, key_of: Keys, app_of_alice: Phone, make_user: Callable[..., User]
) -> None:
    make_user("bob")
    key = key_of(vpn)
    questions = [
        {"username": "alice", "password": PASSWORD, "code": "000000"},
        {"username": "alice", "password": "wrong", "code": app_of_alice.code()},
        {"username": "nobody", "password": PASSWORD, "code": "000000"},
        {"username": "bob", "password": PASSWORD, "code": "000000"},
    ]
    answers = [call("verify", key, **question) for question in questions]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["accepted"] is False


@pytest.mark.row("T-01")
def test_a_code_that_one_application_took_is_refused_at_another(
    call: Call, vpn: Application, key_of: Keys, app_of_alice: Phone
) -> None:
    other = Application.objects.create(slug="other", name="Other")
    code = app_of_alice.code()
    question = {"username": "alice", "password": PASSWORD, "code": code}
    assert call("verify", key_of(vpn), **question).json()["accepted"]
    assert not call("verify", key_of(other), **question).json()["accepted"]


def test_a_challenge_asks_for_the_code_and_its_state_is_used_once(
    call: Call, vpn: Application, key_of: Keys, app_of_alice: Phone
) -> None:
    key = key_of(vpn)
    asked = call("challenge", key, username="alice", password=PASSWORD).json()
    assert not asked["accepted"]
    assert AuthenticationRecord.objects.get().code == CODE_PENDING.code
    wrong = call("verify", key, username="alice", code="000000", state=asked["state"]).json()
    right = call("verify", key, username="alice", code=app_of_alice.code(), state=asked["state"]).json()
    assert (wrong["accepted"], right["accepted"]) == (False, False)
    again = call("challenge", key, username="alice", password=PASSWORD).json()
    assert call("verify", key, username="alice", code=app_of_alice.code(), state=again["state"]).json()["accepted"]


@pytest.mark.row("A-6.6.2")
def test_a_state_is_worth_nothing_to_another_person_or_application(
    call: Call, vpn: Application, key_of: Keys, app_of_alice: Phone, make_user: Callable[..., User]
) -> None:
    make_user("bob")
    key, other = key_of(vpn), key_of(Application.objects.create(slug="other", name="Other"))
    state = call("challenge", key, username="alice", password=PASSWORD).json()["state"]
    code = app_of_alice.code()
    assert not call("verify", key, username="bob", code=code, state=state).json()["accepted"]
    assert not call("verify", other, username="alice", code=code, state=state).json()["accepted"]
    assert call("verify", key, username="alice", code=code, state=state).json()["accepted"]


@pytest.mark.row("T-34")
def test_a_state_dies_with_a_change_of_the_account(
    call: Call, vpn: Application, key_of: Keys, alice: User, app_of_alice: Phone
) -> None:
    key = key_of(vpn)
    state = call("challenge", key, username="alice", password=PASSWORD).json()["state"]
    users.move_epoch(alice)
    assert not call("verify", key, username="alice", code=app_of_alice.code(), state=state).json()["accepted"]


@pytest.mark.row("T-37")
def test_within_a_remember_rule_no_code_is_asked_for_and_any_text_counts_as_a_cache_hit(
    call: Call, vpn: Application, key_of: Keys, app_of_alice: Phone
) -> None:
    RememberRule.objects.create(name="Five minutes", scope="application", application=vpn, seconds=300)
    key = key_of(vpn)
    question = {"username": "alice", "password": PASSWORD}
    assert call("verify", key, code=app_of_alice.code(), **question).json()["accepted"]
    assert call("challenge", key, **question).json()["accepted"]
    assert call("verify", key, code="garbage", **question).json()["accepted"]
    record = AuthenticationRecord.objects.first()
    assert record
    assert (record.code, record.rule) == (REMEMBERED_AT_APPLICATION.code, "Five minutes")
    assert not call("challenge", key, username="alice", password="wrong").json()["accepted"]


@pytest.mark.row("N-27")
@pytest.mark.row("T-36")
def test_a_memory_ends_when_it_was_to_end_however_often_it_was_used(
    call: Call, vpn: Application, key_of: Keys, app_of_alice: Phone
) -> None:
    RememberRule.objects.create(name="Five minutes", scope="application", application=vpn, seconds=300)
    key = key_of(vpn)
    question = {"username": "alice", "password": PASSWORD}
    call("verify", key, code=app_of_alice.code(), **question)
    until = Remembered.objects.get().until
    call("challenge", key, **question)
    assert Remembered.objects.get().until == until
    earlier = timezone.now() - timedelta(seconds=301)
    Remembered.objects.update(at=earlier, until=earlier + timedelta(seconds=300))
    assert not call("challenge", key, **question).json()["accepted"]


def test_a_code_sent_by_sms_answers_its_challenge(
    call: Call, vpn: Application, key_of: Keys, make_user: Callable[..., User]
) -> None:
    make_user("carol", phone="+4915112345678")
    key = key_of(vpn)
    asked = call("challenge", key, username="carol", password=PASSWORD).json()
    assert asked["kind"] == "sms"
    assert "5678" not in asked["message"]
    assert OneTimeCode.objects.get().purpose == Purpose.APPLICATION


@pytest.mark.row("T-68")
@pytest.mark.parametrize("field", ["username", "password", "code", "state", "address", "gateway"])
@pytest.mark.parametrize("text", [r"\u0000", r"a\ud800"])
def test_text_that_no_database_keeps_is_refused_before_anything_is_judged(
    call: Call, vpn: Application, key_of: Keys, alice: User, field: str, text: str
) -> None:
    """Otherwise the log row fails, and with it goes the count of the guess that it belongs to."""
    typed = {"username": "alice", "password": PASSWORD, "code": "000000"} | {field: "?"}
    raw = json.dumps(typed).replace('"?"', f'"{text}"').encode()
    assert call("verify", key_of(vpn), raw=raw).status_code == 400
    assert not AuthenticationRecord.objects.exists()


@pytest.mark.row("T-28")
def test_asking_again_and_again_does_not_keep_a_right_password_alive(
    vpn: Application, app_of_alice: Phone, alice: User
) -> None:
    now = timezone.now()
    state = dialogue.reply(Asked(vpn, "alice"), Identified(alice), now=now).state
    for minutes in (4, 8):
        asked, later = Asked(vpn, "alice", code="?", state=state), now + timedelta(minutes=minutes)
        who = dialogue.identify(asked, now=later)
        assert isinstance(who, Identified)
        state = dialogue.reply(asked, who, now=later).state
    assert Prompt.objects.get(token=state).expires_at == now + timedelta(minutes=10)


@pytest.mark.row("T-16", "T-62")
def test_where_no_password_is_shown_a_name_alone_sends_no_message_unless_the_application_lists_the_kind(
    call: Call, vpn: Application, key_of: Keys, make_user: Callable[..., User]
) -> None:
    make_user("carol", phone="+4915112345678", phone_confirmed_at=timezone.now())
    Application.objects.update(mode=Application.Mode.CODE_ONLY)
    key = key_of(vpn)
    assert not call("challenge", key, username="carol").json()["state"]
    packet = {"User-Name": "carol", "User-Password": "sms", "Identifier": "1", "Authenticator": "0x" + "ab" * 16}
    assert call("radius/authorize", key, **packet).status_code == 401
    assert not OneTimeCode.objects.exists()
    vpn.kinds, vpn.mode = ["sms"], Application.Mode.CODE_ONLY
    vpn.save()
    assert call("challenge", key, username="carol").json()["state"]
    assert OneTimeCode.objects.count() == 1


@pytest.mark.row("A-16.4.1")
@pytest.mark.parametrize("written", ["vpn\r\nAug 1 accepted", "vpn\x1b[2J", "vpn\u202e1"])
def test_what_calls_itself_a_gateway_stands_in_the_log_as_one_line_without_control_characters(
    call: Call, vpn: Application, key_of: Keys, written: str
) -> None:
    key = key_of(vpn)
    call("verify", key, username="nobody", password="x", code="1", gateway=written)
    packet = {"User-Name": "nobody", "Identifier": "1", "Authenticator": "0x" + "ab" * 16, "NAS-Identifier": written}
    call("radius/authorize", key, **packet)
    gateways = list(AuthenticationRecord.objects.values_list("gateway", flat=True))
    assert len(gateways) == 2
    assert all(gateway.isprintable() and gateway.startswith("vpn") for gateway in gateways)
