"""Two people for one act: nobody approves alone, and an approval is good for one thing, once, in time."""

from __future__ import annotations

import io
import os
import pwd
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa import approvals
from mfa.approvals import CannotDecide, Matter, NotApproved
from mfa.delivery import outbox
from mfa.desk import vouching
from mfa.desk.acts import BY_SLUG
from mfa.desk.asked import Order
from mfa.models import Approval, AuditEvent, Delivery
from tests.mfa.doors import add_factor, give_role, sign_in

MATTER = Matter("test", "rule:1", "End the rule for everybody", "/admin/", "mfa.change_policy")
LIST = "/admin/mfa/approval/"


@pytest.fixture
def two(make_user: Callable[..., User]) -> tuple[User, User]:
    return give_role(make_user("first"), "admin"), give_role(make_user("second"), "admin")


def asked(actor: User, now: datetime, matter: Matter = MATTER) -> Approval:
    return approvals.ask(matter, actor=actor, reason="audit finding", now=now)


@pytest.mark.row("A-2.3.5")
def test_what_a_second_person_approved_is_done_once(two: tuple[User, User], now: datetime) -> None:
    first, second = two
    row = asked(first, now)
    approvals.decide(row.pk, True, actor=second, now=now)
    assert approvals.spend(MATTER, actor=first, now=now).decided_by == second
    with pytest.raises(NotApproved):
        approvals.spend(MATTER, actor=first, now=now)
    assert [event.action for event in AuditEvent.objects.order_by("pk")] == ["approval.asked", "approval.approved"]


@pytest.mark.row("A-2.3.5")
@pytest.mark.row("T-60")
def test_nobody_approves_what_they_asked_for_or_what_is_about_them(two: tuple[User, User], now: datetime) -> None:
    first, second = two
    row = asked(first, now, replace(MATTER, user=second))
    for actor, words in ((first, "yourself"), (second, "own account")):
        with pytest.raises(CannotDecide, match=words):
            approvals.decide(row.pk, True, actor=actor, now=now)
    with pytest.raises(NotApproved):
        approvals.spend(MATTER, actor=first, now=now)


@pytest.mark.row("T-60")
@pytest.mark.parametrize("lost", ["role", "account"])
def test_whoever_lost_role_or_account_decides_nothing_and_what_they_approved_ends(
    two: tuple[User, User], now: datetime, lost: str
) -> None:
    first, second = two
    row = asked(first, now)
    approvals.decide(row.pk, True, actor=second, now=now)
    if lost == "role":
        second.groups.clear()
    else:
        User.objects.filter(pk=second.pk).update(is_active=False)
    with pytest.raises(NotApproved):
        approvals.spend(MATTER, actor=first, now=now)
    Approval.objects.update(state="open")
    with pytest.raises(CannotDecide):
        approvals.decide(row.pk, True, actor=second, now=now)


@pytest.mark.row("A-2.3.5")
@pytest.mark.parametrize(
    "other",
    [replace(MATTER, subject="rule:2"), replace(MATTER, act="else")],
    ids=["another thing", "another act"],
)
def test_an_approval_is_worth_nothing_for_something_else_or_somebody_else(
    two: tuple[User, User], now: datetime, other: Matter
) -> None:
    first, second = two
    approvals.decide(asked(first, now).pk, True, actor=second, now=now)
    with pytest.raises(NotApproved):
        approvals.spend(other, actor=first, now=now)
    with pytest.raises(NotApproved):
        approvals.spend(MATTER, actor=second, now=now)


@pytest.mark.row("A-2.3.5")
@pytest.mark.parametrize(
    "other",
    [
        {"kind": "sms"}, {"serial": "1002"}, {"number": "+4917011111112"}, {"hand_over": "email"}, {"hours": 9},
        {"uses": 4}, {"applications": ["vpn", "wiki"]},
    ],
    ids=lambda other: next(iter(other)),
)  # fmt: skip
def test_an_approval_is_for_exactly_the_answers_that_were_approved(
    two: tuple[User, User], alice: User, now: datetime, other: dict[str, Any]
) -> None:
    first, second = two
    act = BY_SLUG["temporary"]
    order = Order(
        first, "audit finding", now, kind="totp", serial="1001", number="+4917011111111", hand_over="sms", hours=8,
        uses=3, applications=["vpn"],
    )  # fmt: skip
    approvals.decide(asked(first, now, vouching.matter(act, order, [alice])).pk, True, actor=second, now=now)
    for changed, people in ((replace(order, **other), [alice]), (order, [alice, second])):
        with pytest.raises(NotApproved):
            vouching.spend(act, changed, people)
    vouching.spend(act, replace(order, reason="in other words"), [alice])


@pytest.mark.row("T-75")
def test_what_expired_is_neither_approved_nor_done_whether_or_not_a_job_cleaned_up(
    two: tuple[User, User], now: datetime
) -> None:
    first, second = two
    row = asked(first, now)
    late = now + approvals.LIFETIME
    with pytest.raises(CannotDecide, match="expired"):
        approvals.decide(row.pk, True, actor=second, now=late)
    approvals.decide(row.pk, True, actor=second, now=late - timedelta(seconds=1))
    with pytest.raises(NotApproved):
        approvals.spend(MATTER, actor=first, now=late)
    again = asked(first, late)
    assert (again.pk != row.pk, again.state) == (True, "open")


def test_asking_twice_is_one_question_and_one_mail_to_each_who_may_decide(
    two: tuple[User, User], make_user: Callable[..., User], now: datetime
) -> None:
    first, second = two
    give_role(make_user("desk"), "helpdesk")
    assert asked(first, now) == asked(first, now)
    assert [mail.recipient for mail in Delivery.objects.all()] == [second.email]


@pytest.mark.parametrize(("approved", "subject"), [(True, "approved"), (False, "declined")])
def test_whoever_asked_hears_by_mail_what_was_decided_and_where_to_go_on(
    two: tuple[User, User], now: datetime, approved: bool, subject: str
) -> None:
    first, second = two
    row = asked(first, now)
    approvals.decide(row.pk, approved, actor=second, now=now)
    mail = Delivery.objects.get(template="approval-decided")
    text = outbox.read(mail)
    assert (mail.user, f"second person {subject} it" in mail.subject) == (first, True)
    assert MATTER.words in text
    assert f"/admin/mfa/approval/{row.pk}/change/" in text


def test_whoever_withdraws_is_told_nothing(two: tuple[User, User], now: datetime) -> None:
    first, _second = two
    approvals.decide(asked(first, now).pk, False, actor=first, now=now)
    assert not Delivery.objects.filter(template="approval-decided").exists()


def test_what_was_declined_or_withdrawn_is_over(two: tuple[User, User], now: datetime) -> None:
    first, second = two
    for actor, state in ((second, "declined"), (first, "withdrawn")):
        row = approvals.decide(asked(first, now).pk, False, actor=actor, now=now)
        assert row.state == state
        with pytest.raises(CannotDecide, match="already"):
            approvals.decide(row.pk, True, actor=second, now=now)


def test_whoever_asked_can_take_back_what_was_approved(two: tuple[User, User], now: datetime) -> None:
    first, second = two
    row = approvals.decide(asked(first, now).pk, True, actor=second, now=now)
    approvals.decide(row.pk, False, actor=first, now=now)
    with pytest.raises(NotApproved):
        approvals.spend(MATTER, actor=first, now=now)


@pytest.mark.row("T-60")
def test_on_the_page_one_person_sees_no_button_for_their_own_and_posting_it_does_nothing(
    client: Client, two: tuple[User, User], now: datetime
) -> None:
    first, second = two
    row = approvals.ask(MATTER, actor=first, reason="r", now=second.created_at)
    page = f"{LIST}{row.pk}/"
    sign_in(client, first, add_factor(first))
    assert b"/approve/" not in client.get(f"{page}change/", secure=True).content
    assert b"yourself" in client.post(f"{page}approve/", secure=True, follow=True).content
    assert Approval.objects.get().state == "open"
    sign_in(client, second, add_factor(second))
    assert b"/approve/" in client.get(f"{page}change/", secure=True).content
    assert b"can do it now" in client.post(f"{page}approve/", secure=True, follow=True).content
    assert Approval.objects.get().state == "approved"
    sign_in(client, first, first.factors.get())
    assert b"Go on" in client.get(f"{page}change/", secure=True).content


def at_the_shell(*arguments: str) -> str:
    """What the command wrote. Raises CommandError."""
    out = io.StringIO()
    call_command("approve", *arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.mark.row("A-2.3.5")
def test_where_there_is_one_admin_whoever_has_the_server_is_the_second_person(
    make_user: Callable[..., User], now: datetime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "somebody-else")
    settings.ALARM_MAIL = ["team@example.test"]
    only = give_role(make_user("only"), "admin")
    row = asked(only, timezone.now())
    assert f"{row.pk}  only: End the rule for everybody (nobody else can decide" in at_the_shell()
    with pytest.raises(CommandError, match="--reason"):
        at_the_shell(str(row.pk))
    at_the_shell(str(row.pk), "--reason", "agreed with the owner")
    with pytest.raises(CommandError, match="decided already"):
        at_the_shell(str(row.pk), "--reason", "once more")
    event = AuditEvent.objects.get(action="approval.approved-at-shell")
    assert (event.actor, event.reason, event.details["os_user"]) == (
        None, "agreed with the owner", pwd.getpwuid(os.getuid()).pw_name,
    )  # fmt: skip
    account = f"{event.details['os_user']}@{event.details['host']}"
    row.refresh_from_db()
    assert row.operator == f"{account} (sudo: somebody-else)", "the variable alone names nobody"
    told = Delivery.objects.get(template="approved-at-shell")
    assert told.recipient == "team@example.test"
    assert "End the rule for everybody" in outbox.read(told)
    with pytest.raises(NotApproved):
        approvals.spend(replace(MATTER, subject="rule:2"), actor=only, now=timezone.now())
    approvals.spend(MATTER, actor=only, now=timezone.now())
    with pytest.raises(NotApproved):
        approvals.spend(MATTER, actor=only, now=timezone.now())


@pytest.mark.row("A-2.3.5")
@pytest.mark.parametrize("why", ["another admin", "over", "asker lost the role", "unknown"])
def test_the_server_approves_nothing_where_somebody_else_could_or_nobody_may(
    make_user: Callable[..., User], why: str
) -> None:
    only = give_role(make_user("only"), "admin")
    row = asked(only, timezone.now())
    match why:
        case "another admin":
            give_role(make_user("other", email=""), "admin")
        case "over":
            Approval.objects.update(expires_at=timezone.now())
        case "asker lost the role":
            only.groups.clear()
    with pytest.raises(CommandError, match="Nothing was changed"):
        at_the_shell("999" if why == "unknown" else str(row.pk), "--reason", "why")
    assert Approval.objects.get().state == "open"
    with pytest.raises(NotApproved):
        approvals.spend(MATTER, actor=only, now=timezone.now())


def test_the_list_narrows_by_what_holds_now(two: tuple[User, User], client: Client) -> None:
    (first, second), now = two, timezone.now()
    asked(first, now - approvals.LIFETIME)
    asked(first, now, replace(MATTER, subject="rule:2", words="Waits today"))
    sign_in(client, second, add_factor(second))
    shown = {state: client.get(f"{LIST}?state={state}", secure=True).content.decode() for state in ("open", "expired")}
    assert "Waits today" in shown["open"]
    assert MATTER.words not in shown["open"]
    assert MATTER.words in shown["expired"]
    assert "Waits today" not in shown["expired"]


def test_an_agent_is_offered_what_can_be_done_now(client: Client, make_user: Callable[..., User]) -> None:
    agent, alice = give_role(make_user("agent"), "helpdesk"), make_user("alice")
    add_factor(alice)
    sign_in(client, agent, add_factor(agent))
    page = f"/admin/accounts/user/act/reset/?people={alice.pk}"
    form = {"people": str(alice.pk), "reason": "Lost phone", "identity": "call-back", "ticket": "INC-7", "do": "ask"}
    before = client.get(page, secure=True).content.decode()
    assert "Ask a second person" in before
    assert "button-danger" not in before, "what would be refused is no button"
    client.post(page, form, secure=True)
    Approval.objects.update(state="approved", decided_by=give_role(make_user("second"), "helpdesk"))
    after = client.get(page, secure=True).content.decode()
    assert "Ask a second person" not in after
    assert "button-danger" in after


@pytest.mark.row("T-60")
def test_nobody_decides_about_themselves_as_one_of_several(
    two: tuple[User, User], alice: User, make_user: Callable[..., User], now: datetime
) -> None:
    first, second = two
    order = Order(first, "audit finding", now)
    row = asked(first, now, vouching.matter(BY_SLUG["reset"], order, [alice, second]))
    assert not approvals.deciders(row).exists()
    with pytest.raises(CannotDecide, match="own account"):
        approvals.decide(row.pk, True, actor=second, now=now)
    third = give_role(make_user("third"), "admin")
    approvals.decide(row.pk, True, actor=third, now=now)


@pytest.mark.row("T-60")
@pytest.mark.row("A-8.3.2")
def test_what_helpdesk_approved_about_an_ordinary_person_is_not_done_to_an_admin(
    two: tuple[User, User], alice: User, make_user: Callable[..., User], now: datetime
) -> None:
    first, _second = two
    order, reset = Order(first, "audit finding", now), BY_SLUG["reset"]
    agent = give_role(make_user("agent"), "helpdesk")
    approvals.decide(asked(first, now, vouching.matter(reset, order, [alice])).pk, True, actor=agent, now=now)
    promoted = give_role(alice, "admin")
    with pytest.raises(NotApproved):
        approvals.spend(vouching.matter(reset, order, [promoted]), actor=first, now=now)
