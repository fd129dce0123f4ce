"""Lost phone: helpdesk resets, hands over an activation code, and the person sets up a new app. Through HTTP only."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import kinds
from mfa.models import Approval, AuditEvent, Delivery, OneTimeCode
from tests.mfa.doors import give_role
from tests.stories import acting
from tests.stories.authenticator import Phone, scan

CODE = re.compile(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}")
PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def second(make_user: Callable[..., User]) -> acting.Person:
    """A colleague of the agent's."""
    return acting.with_app(browser(), give_role(make_user("henry"), "helpdesk"))


def browser() -> Client:
    return Client(headers={"host": "portal.test"}, SERVER_NAME="portal.test")


def do(agent: acting.Person, slug: str, person: User, reason: str = "Lost phone") -> str:
    form = {"people": str(person.pk), "reason": reason, "identity": "call-back", "ticket": "INC-7"}
    return agent.client.post(f"{PEOPLE}act/{slug}/", form, secure=True, follow=True).content.decode()


def with_second(agent: acting.Person, slug: str, person: User, second: acting.Person) -> str:
    """As `do`, with a second person who approves it before."""
    form = {"people": str(person.pk), "reason": "Lost phone", "identity": "call-back", "ticket": "INC-7"}
    agent.client.post(f"{PEOPLE}act/{slug}/", form | {"do": "ask"}, secure=True)
    row = Approval.objects.latest("pk")
    second.client.post(f"/admin/mfa/approval/{row.pk}/approve/", secure=True)
    return do(agent, slug, person)


def land(client: Client, path: str) -> str:
    return client.get(path, secure=True).headers.get("location", "")


def set_up_app(client: Client) -> Phone:
    page: Any = client.post("/totp/add/", {"name": "New phone"}, secure=True, follow=True)
    phone = scan(page)
    assert client.post("/totp/scan/", {"code": phone.code()}, secure=True).status_code == 302
    return phone


@pytest.mark.row("A-6.4.4")
@pytest.mark.row("T-60b")
def test_lost_phone_to_new_app(agent: acting.Person, second: acting.Person, alice: User) -> None:
    lost = acting.with_app(browser(), alice)
    assert "have a second person approve it first" in do(agent, "reset", alice)
    assert land(lost.client, "/") == "", "nothing happened by the word of one"
    assert "All second factors were reset." in with_second(agent, "reset", alice, second)
    assert land(lost.client, "/").startswith("/sign-in/"), "the old session is over"
    thief, owner = browser(), browser()
    for client in (thief, owner):
        acting.give_password(client, "alice")
        assert land(client, "/totp/add/") == "/activation/"
    code = CODE.search(with_second(agent, "activate", alice, second))
    assert code
    assert owner.post("/activation/", {"code": code[0].lower()}, secure=True).headers["location"] == "/enrol/"
    assert thief.post("/activation/", {"code": code[0]}, secure=True).status_code == 422
    assert land(thief, "/totp/add/") == "/activation/"
    phone = set_up_app(owner)
    assert land(owner, "/admin/") == "", "no longer led anywhere: an ordinary person with a factor"
    again = browser()
    acting.give_password(again, "alice")
    assert acting.give_code(again, phone.code(steps=1)).headers["location"] == "/"
    told = Delivery.objects.filter(user=alice).values_list("template", flat=True)
    assert {"factors-reset", "activation-issued", "activation-used"} <= set(told)


def test_the_page_of_an_act_offers_what_can_be_done_now(
    agent: acting.Person, second: acting.Person, alice: User
) -> None:
    acting.with_app(browser(), alice)
    page = f"{PEOPLE}act/reset/?people={alice.pk}"
    before = agent.client.get(page, secure=True).content.decode()
    assert "Ask a second person</button>" in before
    assert ">Reset all factors</button>" not in before
    form = {"people": str(alice.pk), "reason": "Lost phone", "identity": "call-back", "ticket": "INC-7", "do": "ask"}
    agent.client.post(f"{PEOPLE}act/reset/", form, secure=True)
    row = Approval.objects.get()
    assert row.reason == "Lost phone · INC-7 · Called back on a number known before"
    second.client.post(f"/admin/mfa/approval/{row.pk}/approve/", secure=True)
    after = agent.client.get(page, secure=True).content.decode()
    assert "A second person approved it." in after
    assert ">Reset all factors</button>" in after
    assert "Ask a second person</button>" in second.client.get(page, secure=True).content.decode(), "not for others"


@pytest.mark.row("N-25")
@pytest.mark.row("A-6.4.1")
def test_the_message_for_an_expired_code_says_what_to_do(agent: acting.Person, alice: User) -> None:
    do(agent, "reset", alice)
    code = CODE.search(do(agent, "activate", alice))
    assert code
    OneTimeCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    client = browser()
    acting.give_password(client, "alice")
    seen = client.post("/activation/", {"code": code[0]}, secure=True).content.decode()
    assert "Ask helpdesk for a new one; your clock is not the cause." in seen


@pytest.mark.row("T-60")
def test_helpdesk_cannot_help_itself_to_an_admins_account(agent: acting.Person, make_user: Callable[..., User]) -> None:
    boss = give_role(make_user("boss"), "admin")
    at_work = acting.with_app(browser(), boss)
    for slug in ("reset", "activate", "unlock"):
        assert "only an admin may act on the account" in do(agent, slug, boss)
    assert land(at_work.client, "/") == "", "still signed in"
    assert not AuditEvent.objects.filter(actor=agent.user, user=boss).exists()


@pytest.mark.row("A-8.4.2")
def test_an_old_proof_is_asked_for_again_and_leads_back(agent: acting.Person, alice: User) -> None:
    agent.let_proof_grow_old()
    asked = land(agent.client, f"{PEOPLE}act/reset/?people={alice.pk}")
    assert asked.startswith("/prove/alone/?next=")
    do(agent, "reset", alice)
    assert not AuditEvent.objects.filter(action="factors.reset").exists()


@pytest.mark.row("A-6.4.1")
def test_an_activation_code_signs_nobody_in(agent: acting.Person, alice: User) -> None:
    do(agent, "reset", alice)
    code = CODE.search(do(agent, "activate", alice))
    assert code
    client = browser()
    answer = client.post("/sign-in/", {"username": "alice", "password": code[0], "code": code[0]}, secure=True)
    assert answer.status_code == 422
    assert "activation" in kinds.registry()
    assert land(client, "/").startswith("/sign-in/")


def test_a_role_taken_away_ends_the_open_session(agent: acting.Person, make_user: Callable[..., User]) -> None:
    boss = acting.with_app(browser(), give_role(make_user("boss"), "admin"))
    assert agent.client.get(PEOPLE, secure=True).status_code == 200
    form = {"people": str(agent.user.pk), "reason": "moved to another team", "role": ""}
    boss.client.post(f"{PEOPLE}act/role/", form, secure=True)
    assert land(agent.client, PEOPLE).startswith("/sign-in/")


def test_who_is_required_to_have_a_factor_is_led_to_one(alice: User, make_user: Callable[..., User]) -> None:
    boss = acting.with_app(browser(), give_role(make_user("boss"), "admin"))
    boss.client.post(f"{PEOPLE}act/require/", {"people": str(alice.pk), "reason": "rollout"}, secure=True)
    client = browser()
    acting.give_password(client, "alice")
    assert land(client, "/") == "/enrol/"
