"""A lent code at an application: helpdesk gives it in the admin, the VPN asks the API whether it is right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.models import Application
from tests.conftest import PASSWORD
from tests.mfa.doors import read_back
from tests.stories import acting
from tests.stories.authenticator import scan

NOON = datetime(2026, 3, 2, 12, 0, 4, tzinfo=UTC)
CODE = re.compile(r"\b[A-Z2-9]{5}-[A-Z2-9]{5}\b")
ACTS = "/admin/accounts/user/act/"
Ask = Callable[..., bool]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=True) as traveller:
        yield traveller


@pytest.fixture
def ask(agent: acting.Person) -> Ask:
    """`ask("vpn", code)`: whether the application hears that alice's password and this code are right."""
    keys = {}
    for slug in ("vpn", "wiki"):
        keys[slug] = clients.issue(
            Application.objects.create(slug=slug, name=f"The {slug}"), verbs=(Verb.VERIFY,), networks=("127.0.0.0/8",),
            expires_at=timezone.now() + timedelta(days=30), actor=agent.user, now=timezone.now(),
        )  # fmt: skip

    def accepted(slug: str, code: str) -> bool:
        answer = Client(SERVER_NAME="portal.test").post(
            "/api/v1/verify", json.dumps({"username": "alice", "password": PASSWORD, "code": code}),
            content_type="application/json", headers={"authorization": f"Bearer {keys[slug]}"}, secure=True,
        )  # fmt: skip
        assert answer.status_code == 200, answer.content
        return bool(answer.json()["accepted"])

    return accepted


def lend(agent: acting.Person, person: User, **terms: object) -> str:
    """The code that helpdesk reads from the page, after the caller read back another."""
    read_back(agent.user, person)
    form = {
        "people": str(person.pk), "reason": "Phone at home", "identity": "call-back", "ticket": "INC-7", "hours": 8,
        "uses": 2, "applications": ["vpn"],
    }  # fmt: skip
    page = agent.client.post(f"{ACTS}temporary/", form | terms, secure=True, follow=True).content.decode()
    found = CODE.search(page)
    assert found, page
    return found[0]


def test_it_stands_in_for_the_factor_as_often_as_was_said(agent: acting.Person, ask: Ask, alice: User) -> None:
    code = lend(agent, alice)
    assert ask("vpn", code)
    assert ask("vpn", code.lower().replace("-", " "))
    assert not ask("vpn", code), "two uses were given"


def test_it_works_at_the_application_it_was_lent_for_alone(agent: acting.Person, ask: Ask, alice: User) -> None:
    code = lend(agent, alice)
    assert not ask("wiki", code)
    owner = Client(SERVER_NAME="portal.test")
    acting.give_password(owner, "alice")
    assert owner.get("/totp/add/", secure=True).headers["location"] == "/activation/", "no way into the portal"
    assert ask("vpn", code)


def test_it_is_over_after_its_hours(agent: acting.Person, ask: Ask, alice: User, clock: time_machine.Traveller) -> None:
    code = lend(agent, alice, hours=3, uses=9)
    clock.shift(timedelta(hours=2, minutes=59))
    assert ask("vpn", code)
    clock.shift(timedelta(minutes=2))
    assert not ask("vpn", code)


def test_it_ends_at_once_where_helpdesk_ends_it(agent: acting.Person, ask: Ask, alice: User) -> None:
    code = lend(agent, alice)
    form = {"people": str(alice.pk), "reason": "Phone is back"}
    agent.client.post(f"{ACTS}end-temporary/", form, secure=True)
    assert not ask("vpn", code)


def test_it_ends_when_the_new_phone_is_set_up(agent: acting.Person, ask: Ask, alice: User) -> None:
    code = lend(agent, alice, uses=9)
    assert ask("vpn", code)
    read_back(agent.user, alice)
    form = {"people": str(alice.pk), "reason": "New phone", "identity": "call-back", "ticket": "INC-7"}
    page = agent.client.post(f"{ACTS}activate/", form, secure=True, follow=True).content.decode()
    activation = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", page)
    assert activation, page
    owner = Client(SERVER_NAME="portal.test")
    acting.give_password(owner, "alice")
    owner.post("/activation/", {"code": activation[0]}, secure=True)
    phone = scan(owner.post("/totp/add/", {"name": "New phone"}, secure=True, follow=True))
    assert ask("vpn", code), "until the new one is confirmed"
    owner.post("/totp/scan/", {"code": phone.code()}, secure=True)
    assert not ask("vpn", code)
    assert ask("vpn", phone.code(steps=1))


def test_what_the_person_reads_names_the_application_and_the_time(agent: acting.Person, ask: Ask, alice: User) -> None:
    lend(agent, alice)
    page = agent.client.get(f"/admin/accounts/user/{alice.pk}/change/", secure=True).content.decode()
    assert "until 2 Mar 2026, 20:00 · for The vpn" in page
