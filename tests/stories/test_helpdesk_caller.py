"""Who is calling? A code to what the caller still has, or a second person; one agent's word is not enough."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource, User
from mfa import holdings, lost
from mfa.delivery import outbox
from mfa.models import Approval, AuditEvent, CallerCheck, Delivery, Factor
from tests.mfa.doors import add_factor, give_role
from tests.stories import acting
from tests.stories.test_helpdesk import PEOPLE, browser, do


@pytest.fixture
def caller(make_user: Callable[..., User]) -> User:
    """Somebody whose app is gone and whose number still works."""
    found = make_user("carla", phone="+4917012345678", phone_source="directory", email="carla@example.test")
    add_factor(found)
    return found


def page(person: User) -> str:
    return f"{PEOPLE}{person.pk}/caller/"


def sent_code(person: User) -> str:
    text = outbox.read(Delivery.objects.filter(user=person, template="caller-code").latest("pk"))
    assert "never to anybody who called you" in text
    found = re.search(r"\b\d{6}\b", text)
    assert found
    return found[0]


def ask(agent: acting.Person, person: User) -> str:
    agent.client.post(page(person), {"to": "sms"}, secure=True)
    return sent_code(person)


@pytest.mark.row("T-59")
@pytest.mark.row("A-6.4.4")
def test_a_code_read_back_unlocks_one_reset_and_one_activation_code(agent: acting.Person, caller: User) -> None:
    assert "approve it first" in do(agent, "reset", caller)
    code = ask(agent, caller)
    answer = agent.client.post(page(caller), {"code": code}, secure=True, follow=True)
    assert "The caller read back the code." in answer.content.decode()
    assert "All second factors were reset." in do(agent, "reset", caller)
    assert "works once and for 24 hours" in do(agent, "activate", caller)
    assert "approve it first" in do(agent, "activate", caller), "once for each act"
    actions = list(AuditEvent.objects.filter(user=caller, actor=agent.user).values_list("action", flat=True))
    assert {"caller.asked", "caller.passed", "factors.reset", "activation.issued"} <= set(actions)


@pytest.mark.row("T-59")
def test_the_check_of_one_agent_is_worth_nothing_to_another_or_later_or_for_somebody_else(
    agent: acting.Person, caller: User, make_user: Callable[..., User]
) -> None:
    other = acting.with_app(browser(), give_role(make_user("henry"), "helpdesk"))
    code = ask(agent, caller)
    assert other.client.post(page(caller), {"code": code}, secure=True).status_code == 422
    assert agent.client.post(page(caller), {"code": code}, secure=True).status_code == 302
    third = make_user("third")
    add_factor(third)
    for who, whom in ((other, caller), (agent, third)):
        assert "approve it first" in do(who, "reset", whom)
    CallerCheck.objects.update(passed_at=timezone.now() - timedelta(minutes=10))
    assert "approve it first" in do(agent, "reset", caller)
    assert not AuditEvent.objects.filter(action="factors.reset").exists()


@pytest.mark.row("T-59")
def test_guessing_what_the_caller_would_read_ends_the_code(agent: acting.Person, caller: User) -> None:
    code = ask(agent, caller)
    wrong = "000000" if code != "000000" else "000001"
    for _ in range(5):
        assert agent.client.post(page(caller), {"code": wrong}, secure=True).status_code == 422
    assert agent.client.post(page(caller), {"code": code}, secure=True).status_code == 422
    assert not CallerCheck.objects.filter(passed_at__isnull=False).exists()
    assert AuditEvent.objects.filter(action="caller.failed").count() == 6


def report_phone_lost(person: User) -> None:
    number = next(one for one in holdings.usable(person, now=timezone.now()) if one.kind == "sms")
    lost.report(person, [number], actor=person, now=timezone.now())


@pytest.mark.row("T-59")
@pytest.mark.row("N-24")
def test_what_the_thief_of_a_phone_reads_back_unlocks_nothing_once_it_is_reported_lost(
    agent: acting.Person, caller: User
) -> None:
    code = ask(agent, caller)
    report_phone_lost(caller)
    answer = agent.client.post(page(caller), {"code": code}, secure=True)
    assert answer.status_code == 422
    assert "That code has expired" in answer.content.decode()
    assert not CallerCheck.objects.filter(passed_at__isnull=False).exists()
    assert "approve it first" in do(agent, "reset", caller)


@pytest.mark.row("T-59")
@pytest.mark.row("N-24")
def test_a_check_that_was_passed_stands_for_nothing_once_the_phone_is_reported_lost(
    agent: acting.Person, caller: User
) -> None:
    code = ask(agent, caller)
    assert agent.client.post(page(caller), {"code": code}, secure=True).status_code == 302
    report_phone_lost(caller)
    assert "approve it first" in do(agent, "reset", caller)
    assert Factor.objects.filter(user=caller, kind="totp").exists()


@pytest.mark.row("T-59")
def test_a_code_for_the_caller_is_over_once_the_number_is_another(agent: acting.Person, caller: User) -> None:
    code = ask(agent, caller)
    users.set_phone(caller, "+4915112345678", source=PhoneSource.DIRECTORY, confirmed_at=None, actor=None)
    assert agent.client.post(page(caller), {"code": code}, secure=True).status_code == 422


@pytest.mark.row("T-16")
def test_codes_for_callers_are_limited_as_all_that_is_sent(agent: acting.Person, caller: User) -> None:
    for _ in range(3):
        agent.client.post(page(caller), {"to": "sms"}, secure=True)
    assert Delivery.objects.filter(user=caller, template="caller-code").count() == 1


@pytest.mark.row("T-59")
def test_a_number_that_helpdesk_put_there_proves_nobody(agent: acting.Person, caller: User) -> None:
    User.objects.filter(pk=caller.pk).update(phone_source="helpdesk", phone_confirmed_at=None)
    agent.client.post(page(caller), {"to": "sms"}, secure=True)
    assert not Delivery.objects.filter(template="caller-code").exists()


@pytest.mark.row("T-60")
@pytest.mark.row("A-2.3.5")
def test_several_people_are_reset_at_once_by_two_admins_only(
    make_user: Callable[..., User], caller: User, alice: User
) -> None:
    boss, second = (acting.with_app(browser(), give_role(make_user(name), "admin")) for name in ("boss", "chief"))
    add_factor(alice)
    form = {"people": f"{caller.pk},{alice.pk}", "reason": "x", "identity": "in-person", "ticket": "INC-7"}
    seen = boss.client.post(f"{PEOPLE}act/reset/", form, secure=True, follow=True).content.decode()
    assert seen.count("approve it first") == 2
    boss.client.post(f"{PEOPLE}act/reset/", form | {"do": "ask"}, secure=True)
    row = Approval.objects.get()
    for who in (boss, second):
        who.client.post(f"/admin/mfa/approval/{row.pk}/approve/", secure=True)
    assert Approval.objects.get().decided_by == second.user
    fewer = boss.client.post(f"{PEOPLE}act/reset/", form | {"people": f"{agent_pk(second)},{alice.pk}"}, secure=True)
    assert fewer.status_code == 302
    assert Factor.objects.filter(user=alice).exists(), "approved was something else"
    boss.client.post(f"{PEOPLE}act/reset/", form, secure=True)
    assert not Factor.objects.filter(user__in=[alice, caller], confirmed=True).exists()


def agent_pk(person: acting.Person) -> int:
    return person.user.pk
