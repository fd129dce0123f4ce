"""What the password alone opens for somebody whose factors are there but do not work: nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import passwords
from accounts.models import User
from mfa import activation, enrolment, holdings, kinds, limits
from mfa.kinds import Answer
from mfa.models import Factor
from mfa.verification import service
from tests.conftest import PASSWORD
from tests.mfa.doors import add_factor, give_role
from tests.mfa.factors.apps import wrong_code

ENTER = "/activation/"
STATE = {"algorithm": "SHA1", "digits": 6, "period": 30}


def location(client: Client, path: str) -> str:
    return client.get(path, secure=True).headers.get("location", "")


def enter(client: Client) -> None:
    client.post("/sign-in/", {"username": "alice", "password": PASSWORD}, secure=True)


def guess_until_it_dies(user: User, now: datetime) -> None:
    factor = Factor.objects.get(user=user)
    for turn in range(limits.FACTOR_CEILING):
        moment = now - timedelta(hours=2 * (limits.FACTOR_CEILING - turn))
        attempt = service.Attempt(user, Answer(wrong_code(factor, moment)), "portal", "203.0.113.9")
        service.verify(attempt, now=moment)


@pytest.mark.row("T-06")
@pytest.mark.row("A-6.3.3")
def test_guessing_until_the_factor_dies_does_not_make_the_password_enough(client: Client, alice: User) -> None:
    add_factor(alice, state=STATE)
    guess_until_it_dies(alice, timezone.now())
    assert Factor.objects.get().disabled_at
    enter(client)
    for path in ("/", "/history/", "/enrol/", "/totp/add/", "/sms/change/", "/prove/"):
        assert location(client, path) == ENTER, path
    assert client.get(ENTER, secure=True).status_code == 200


@pytest.mark.row("T-06")
def test_nor_does_it_for_a_person_of_staff(client: Client, alice: User) -> None:
    add_factor(give_role(alice, "admin"), disabled_at=timezone.now())
    enter(client)
    for path in ("/enrol/", "/totp/add/", "/admin/"):
        assert location(client, path) == ENTER, path


@pytest.mark.row("A-6.3.3")
def test_nor_does_a_kind_that_was_switched_off(client: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    add_factor(alice)
    others = {slug: kind for slug, kind in kinds.registry().items() if slug != "totp"}
    monkeypatch.setattr(kinds, "registry", lambda: others)
    enter(client)
    assert location(client, "/enrol/") == ENTER


@pytest.mark.row("T-21")
def test_a_session_whose_factor_died_meanwhile_proves_nothing_by_password(
    alice: User, signed_in: Callable[..., Client]
) -> None:
    factor = add_factor(alice)
    browser = signed_in(alice, factor, proved_at=timezone.now() - timedelta(hours=1))
    Factor.objects.update(disabled_at=timezone.now())
    assert location(browser, "/totp/add/").startswith("/prove/")
    answer = browser.post("/prove/", {"password": PASSWORD}, secure=True)
    assert answer.headers["location"] == ENTER
    assert location(browser, "/totp/add/").startswith("/prove/")


def test_helpdesk_lets_the_owner_back_in_by_code_or_by_unlocking(client: Client, alice: User) -> None:
    add_factor(alice, disabled_at=timezone.now())
    enter(client)
    code = activation.issue(alice, actor=None, reason="call back", now=timezone.now()).code
    client.post(ENTER, {"code": code}, secure=True)
    assert client.get("/totp/add/", secure=True).status_code == 200
    enrolment.unlock(alice, actor=None, reason="it was me", now=timezone.now())
    enter(client)
    assert location(client, "/").startswith("/sign-in/")


@pytest.mark.row("T-54")
def test_the_password_of_who_has_the_name_now_is_no_proof_for_who_had_it(
    alice: User, make_user: Callable[..., User], signed_in: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(alice, proved_at=timezone.now() - timedelta(hours=1))
    namesake = make_user("alice2")
    monkeypatch.setattr(passwords, "owner", lambda username, password: namesake)
    assert browser.post("/prove/", {"password": PASSWORD}, secure=True).status_code == 422
    assert location(browser, "/totp/add/").startswith("/prove/")


def test_a_reset_takes_factors_of_a_kind_that_is_switched_off_too(
    alice: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_factor(alice)
    everything = kinds.registry()
    monkeypatch.setattr(kinds, "registry", lambda: {"recovery": everything["recovery"]})
    enrolment.reset(alice, actor=None, reason="stolen", now=now)
    monkeypatch.setattr(kinds, "registry", lambda: everything)
    assert holdings.usable(alice, now=now) == []
