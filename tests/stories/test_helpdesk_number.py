"""A new phone: helpdesk sets its number, confirmed by the code that Kannel delivered there and the caller read back."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import PhoneSource, User
from mfa.models import AuditEvent
from tests.mfa.factors.phones import NEW, OLD, other_than
from tests.services.kannel import Kannel
from tests.services.smtp import Smtp
from tests.stories import acting
from tests.stories.phones import Phone
from tests.stories.test_helpdesk import PEOPLE, browser

NOON = datetime(2026, 3, 2, 12, 0, 4, tzinfo=UTC)
TYPED = {
    "number": "+49 1511 2345678", "confirmation": "with-confirmation", "identity": "caller-check",
    "reason": "New phone", "ticket": "INC-7",
}  # fmt: skip


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=True) as traveller:
        yield traveller


@pytest.fixture
def caller(alice: User, by_smtp: Smtp) -> User:
    User.objects.filter(pk=alice.pk).update(phone=OLD, phone_source=PhoneSource.SELF, phone_confirmed_at=timezone.now())
    alice.refresh_from_db()
    return alice


@pytest.fixture
def old(by_kannel: Kannel) -> Phone:
    return Phone(OLD, by_kannel)


@pytest.fixture
def new(by_kannel: Kannel) -> Phone:
    return Phone(NEW, by_kannel)


def read_aloud(phone: Phone, *, nth: int = 1) -> str:
    return str(re.findall(r"\b\d{6}\b", phone.text(nth=nth))[0])


def post(agent: acting.Person, path: str, **typed: str) -> str:
    return html.unescape(agent.client.post(path, typed, secure=True, follow=True).content.decode())


@pytest.mark.row("T-59")
@pytest.mark.row("N-10")
def test_from_the_call_to_the_sign_in_with_the_new_phone(
    agent: acting.Person, caller: User, old: Phone, new: Phone, clock: time_machine.Traveller
) -> None:
    check, number = f"{PEOPLE}{caller.pk}/caller/", f"{PEOPLE}{caller.pk}/number/"
    post(agent, check, to="sms")
    assert "The caller read back the code." in post(agent, check, code=read_aloud(old))
    clock.shift(61)
    seen = post(agent, f"{PEOPLE}act/phone/", people=str(caller.pk), **TYPED)
    assert "Ask the caller to read it to you." in seen
    code = read_aloud(new)
    assert "set this number for your account" in new.text()
    assert code not in seen
    assert "That code is not right." in post(agent, number, code=other_than(code))
    assert User.objects.get(pk=caller.pk).phone == OLD
    assert "It is confirmed, by the code that was read back." in post(agent, number, code=f"{code[:3]} {code[3:]}")
    assert "The phone number of your account was changed" in old.text(nth=2)
    checked = AuditEvent.objects.get(action="identity.checked", user=caller)
    assert (checked.details["identity"], checked.actor) == ("caller-check", agent.user)

    clock.shift(61)
    owner = browser()
    acting.give_password(owner, "alice")
    owner.post("/sign-in/code/send/?way=sms", secure=True)
    assert acting.give_code(owner, new.code(nth=2), way="sms").status_code == 302
    assert "It is confirmed, by helpdesk." in owner.get("/sms/change/", secure=True).content.decode()
    history = owner.get("/history/", secure=True).content.decode()
    assert "Phone number set by helpdesk, confirmed by a code that was read back" in history


@pytest.mark.row("T-59")
def test_a_phone_that_nobody_reads_from_gets_nothing_but_the_code(
    agent: acting.Person, caller: User, old: Phone, new: Phone, clock: time_machine.Traveller
) -> None:
    """The caller hung up: the check was not used up, codes go where they went, and nobody was told of a change."""
    check = f"{PEOPLE}{caller.pk}/caller/"
    post(agent, check, to="sms")
    post(agent, check, code=read_aloud(old))
    clock.shift(61)
    post(agent, f"{PEOPLE}act/phone/", people=str(caller.pk), **TYPED)
    read_aloud(new)
    clock.shift(61)
    owner: Client = browser()
    acting.give_password(owner, "alice")
    owner.post("/sign-in/code/send/?way=sms", secure=True)
    assert acting.give_code(owner, old.code(nth=2), way="sms").status_code == 302
    assert "The caller check was passed" in html.unescape(
        agent.client.get(f"{PEOPLE}act/phone/?people={caller.pk}", secure=True).content.decode()
    )
