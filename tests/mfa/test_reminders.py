"""Mails before a rule is in force: to whoever has less, seven days and one day before, once each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from mfa import exemptions, policy, reminders
from mfa.delivery import outbox
from mfa.models import Delivery, Exemption, Reminder, Rule
from tests.mfa.doors import add_factor, give_role

DAY = timedelta(days=1)


@pytest.fixture
def people(make_user: Callable[..., User], now: datetime) -> dict[str, User]:
    """Who has nothing, who has an app, who is exempt, who has no mailbox, who left, and who came yesterday."""
    names = ("bare", "armed", "exempt", "silent", "gone", "newcomer")
    found = {name: make_user(name, created_at=now - 400 * DAY) for name in names}
    add_factor(found["armed"])
    User.objects.filter(username="silent").update(email="")
    User.objects.filter(username="gone").update(is_active=False)
    User.objects.filter(username="newcomer").update(created_at=now - DAY)
    owner = give_role(make_user("owner"), "admin")
    add_factor(owner)
    last = timezone.localdate(now) + 60 * DAY
    exemptions.grant(found["exempt"], last, actor=owner, reason="r", now=now)
    return found


@pytest.fixture
def rule(db: None, now: datetime) -> Rule:
    """In force in ten days for those who were there before it."""
    return Rule.objects.create(name="R", starts_on=timezone.localdate(now) - 10 * DAY, grace_days=20)


def told(stage: str) -> list[str]:
    return sorted(Reminder.objects.filter(stage=stage).values_list("user__username", flat=True))


@pytest.mark.row("A-6.4.5")
def test_each_is_reminded_once_seven_days_and_one_day_before(
    people: dict[str, User], rule: Rule, now: datetime
) -> None:
    deadline = policy.deadline_of(rule)
    assert reminders.remind(now=deadline - 8 * DAY) == 0
    assert reminders.remind(now=deadline - 6 * DAY) == 1
    assert reminders.remind(now=deadline - 5 * DAY) == 0
    assert told("7") == ["bare"]
    assert reminders.remind(now=deadline - DAY / 2) == 1
    assert reminders.remind(now=deadline - DAY / 4) == 0
    assert told("1") == ["bare"]
    mail = Delivery.objects.filter(user=people["bare"]).latest("pk")
    assert (mail.template, mail.recipient) == ("second-factor-wanted", "bare@example.test")
    assert "12 Mar 2026" in mail.subject
    assert "/enrol/" in outbox.read(mail)


@pytest.mark.row("A-6.4.5")
def test_a_new_account_is_reminded_before_its_own_day(people: dict[str, User], rule: Rule, now: datetime) -> None:
    own = User.objects.get(username="newcomer").created_at + 20 * DAY
    reminders.remind(now=own - 6 * DAY)
    assert told("7") == ["newcomer"]


def test_after_a_week_without_the_job_the_nearer_reminder_is_sent_alone(people: dict[str, User], rule: Rule) -> None:
    assert reminders.remind(now=policy.deadline_of(rule) - DAY / 2) == 1
    assert (told("7"), told("1")) == ([], ["bare"])


def test_out_of_turn_everybody_who_is_left_hears_once_a_day(people: dict[str, User], rule: Rule, now: datetime) -> None:
    boss = User.objects.get(username="owner")
    assert reminders.order(rule, actor=boss, reason="", now=now)
    assert not reminders.order(rule, actor=boss, reason="", now=now + DAY / 2)
    assert reminders.remind(now=now) == 2
    assert reminders.remind(now=now + DAY / 2) == 0
    assert {row.user.username for row in Reminder.objects.all()} == {"bare", "newcomer"}
    assert reminders.order(rule, actor=boss, reason="", now=now + DAY)
    assert reminders.remind(now=now + DAY) == 2


def test_whoever_meets_it_meanwhile_hears_nothing_and_neither_does_anybody_of_an_ended_rule(
    people: dict[str, User], rule: Rule
) -> None:
    near = policy.deadline_of(rule) - DAY / 2
    add_factor(people["bare"])
    assert reminders.remind(now=near) == 0
    Rule.objects.update(ended_at=near, factors=2)
    assert reminders.remind(now=near) == 0


@pytest.mark.row("A-6.4.5")
def test_the_owner_is_reminded_once_before_an_exemption_ends(people: dict[str, User], now: datetime) -> None:
    end = Exemption.objects.get().until
    assert reminders.remind(now=end - 8 * DAY) == 0
    assert reminders.remind(now=end - 6 * DAY) == 1
    assert reminders.remind(now=end - 5 * DAY) == 0
    mail = Delivery.objects.get(template="exemption-ends")
    assert mail.recipient == "owner@example.test"
    assert "(exempt)" in outbox.read(mail)


def test_very_many_cost_a_few_queries_for_each_five_hundred(
    rule: Rule, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = policy.deadline_of(rule) - DAY / 2
    monkeypatch.setattr(reminders, "AT_ONCE", 20)
    User.objects.bulk_create(
        User(username=f"p{n}", password="!", email=f"p{n}@example.test", created_at=now - 90 * DAY) for n in range(50)
    )
    with CaptureQueriesContext(connection) as seen:
        assert reminders.remind(now=near) == 50
    assert len(seen) < 50
