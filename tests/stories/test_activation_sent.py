"""Activation codes that reach the person by themselves: what Kannel and the mail server delivered is typed back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import PhoneSource, User
from mfa import holdings
from tests.mfa.doors import read_back
from tests.mfa.factors.mailboxes import confirm, vpn
from tests.mfa.factors.phones import OLD
from tests.services.kannel import Kannel
from tests.services.smtp import Smtp
from tests.stories import acting
from tests.stories.authenticator import scan
from tests.stories.phones import Phone, workers_do_their_round

NOON = datetime(2026, 3, 2, 12, 0, 4, tzinfo=UTC)
CODE = re.compile(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}\b")
ASK_FOR_A_NEW_ONE = "Ask helpdesk for a new one; your clock is not the cause."


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=True) as traveller:
        yield traveller


@pytest.fixture
def phone(by_kannel: Kannel) -> Phone:
    """The phone of alice's number, behind a real SMS gateway."""
    return Phone(OLD, by_kannel)


def do(agent: acting.Person, slug: str, person: User, **more: object) -> str:
    """An act of helpdesk, after the caller read a code back."""
    read_back(agent.user, person)
    form = {"people": str(person.pk), "reason": "Lost phone", "identity": "call-back", "ticket": "INC-7"}
    path = f"/admin/accounts/user/act/{slug}/"
    return agent.client.post(path, form | more, secure=True, follow=True).content.decode()


@pytest.fixture
def by_phone(agent: acting.Person, alice: User, phone: Phone) -> User:
    """Alice, whose factors were reset: her confirmed number is all that is left."""
    User.objects.filter(pk=alice.pk).update(phone=OLD, phone_source=PhoneSource.SELF, phone_confirmed_at=timezone.now())
    do(agent, "reset", alice)
    assert "were reset" in phone.text()
    return User.objects.get(pk=alice.pk)


def code_by_sms(agent: acting.Person, person: User, phone: Phone, *, nth: int = 1) -> str:
    """What the phone gets, after the notice of the reset."""
    page = do(agent, "activate", person, hand_over="sms")
    assert CODE.search(page) is None, "helpdesk does not see what was sent"
    return code_in(phone.text(nth=1 + nth))


def code_in(text: str) -> str:
    found = CODE.search(text)
    assert found, text
    return found[0]


def at_the_door() -> Client:
    """Alice's browser, after the password."""
    client = Client(SERVER_NAME="portal.test")
    acting.give_password(client, "alice")
    assert client.get("/totp/add/", secure=True).headers["location"] == "/activation/"
    return client


def typed(client: Client, code: str) -> str:
    return client.post("/activation/", {"code": code}, secure=True, follow=True).content.decode()


def test_by_sms_it_opens_the_set_up_of_a_new_factor(agent: acting.Person, by_phone: User, phone: Phone) -> None:
    owner = at_the_door()
    code = code_by_sms(agent, by_phone, phone)
    assert "Protect your account" in typed(owner, code)
    app = scan(owner.post("/totp/add/", {"name": "New phone"}, secure=True, follow=True))
    assert owner.post("/totp/scan/", {"code": app.code()}, secure=True).status_code == 302
    assert [factor.kind for factor in holdings.usable(by_phone, now=timezone.now())] == ["totp"]


def test_by_sms_it_lasts_ten_minutes_and_then_a_new_one_helps_and_no_clock(
    agent: acting.Person, by_phone: User, phone: Phone, clock: time_machine.Traveller
) -> None:
    owner = at_the_door()
    code = code_by_sms(agent, by_phone, phone)
    clock.shift(timedelta(minutes=10))
    assert ASK_FOR_A_NEW_ONE in typed(owner, code)
    acting.give_password(agent.client, agent.user.username)
    acting.give_code(agent.client, agent.code())
    newer = code_by_sms(agent, by_phone, phone, nth=2)
    assert "That is not your newest activation code." in typed(owner, code)
    assert "Protect your account" in typed(owner, newer)


def test_a_used_one_says_so_and_asks_whether_that_was_you(agent: acting.Person, by_phone: User, phone: Phone) -> None:
    thief, owner = at_the_door(), at_the_door()
    code = code_by_sms(agent, by_phone, phone)
    assert "Protect your account" in typed(thief, code)
    seen = typed(owner, code)
    assert "This activation code was used already." in seen
    assert "tell them if it was not you who used it; your clock is not the cause." in seen


@pytest.mark.parametrize("waited", [timedelta(hours=23, minutes=59), timedelta(hours=24)])
def test_by_mail_it_lasts_a_day(
    agent: acting.Person, alice: User, by_smtp: Smtp, clock: time_machine.Traveller, waited: timedelta
) -> None:
    vpn("email", "totp")
    confirm(alice, now=timezone.now())
    do(agent, "reset-one", alice, kind="totp")
    by_smtp.reset()
    assert CODE.search(do(agent, "activate", alice, hand_over="mail")) is None, "helpdesk does not see what was sent"
    workers_do_their_round()
    code = code_in("".join(one.text for one in by_smtp.messages if "activation code is" in one.text))
    clock.shift(waited)
    seen = typed(at_the_door(), code)
    assert (ASK_FOR_A_NEW_ONE in seen) == (waited == timedelta(hours=24))
    assert ("Protect your account" in seen) == (waited < timedelta(hours=24))
