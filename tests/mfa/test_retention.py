from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db.models import Model
from pytest_django import Settings

from accounts.models import User
from mfa import budgets, codes, limits, retention
from mfa.kinds import Purpose
from mfa.models import (
    Application,
    AuditEvent,
    AuthenticationRecord,
    Budget,
    CallerCheck,
    Delivery,
    Factor,
    GuessCounter,
    OneTimeCode,
    Prompt,
    RadiusAnswer,
    Remembered,
    RememberRule,
)

YEAR = timedelta(days=400)


def counts() -> dict[type[Model], int]:
    return {model: model._default_manager.count() for model in (Factor, OneTimeCode, GuessCounter, Budget, Delivery)}


@pytest.fixture
def lived(alice: User, now: datetime) -> User:
    """A person who left one row in every table."""
    Factor.objects.create(user=alice, kind="totp", confirmed=True)
    Factor.objects.create(user=alice, kind="totp", confirmed=False, expires_at=now + timedelta(minutes=15))
    codes.issue(alice, Purpose.SIGN_IN, length=6, lifetime=timedelta(minutes=5), now=now)
    limits.fail(limits.lock(limits.of_account(alice)), "totp", now=now)
    limits.fail(limits.lock("password:7:203.0.113.9"), "password", now=now)
    budgets.spend_message("sms", alice, "+4915112345678", now=now)
    Delivery.objects.create(channel="sms", template="code", recipient="+4915112345678", created_at=now, state="sent")
    Delivery.objects.create(channel="mail", template="notice", recipient="a@example.test", created_at=now)
    Session.objects.create(session_key="k" * 32, session_data="", expire_date=now + timedelta(hours=1))
    for model in (GuessCounter, Budget):
        model.objects.update(updated_at=now)
    return alice


@pytest.mark.row("A-14.2.7")
def test_nothing_goes_before_its_time(lived: User, now: datetime) -> None:
    before = counts()
    retention.clean_up(now=now)
    assert counts() == before
    assert Session.objects.exists()


@pytest.mark.row("A-14.2.7")
@pytest.mark.row("F-21")
def test_after_a_year_only_what_must_be_kept_is_left(lived: User, now: datetime) -> None:
    retention.clean_up(now=now + YEAR)
    assert counts() == {Factor: 1, OneTimeCode: 0, GuessCounter: 1, Budget: 0, Delivery: 1}
    assert not Session.objects.exists()
    assert GuessCounter.objects.get().subject == limits.of_account(lived)
    assert Delivery.objects.get().state == "queued"


def test_the_trail_is_nobodys_to_delete(lived: User, now: datetime) -> None:
    AuditEvent.objects.create(action="factor.added", at=now)
    retention.clean_up(now=now + YEAR)
    assert AuditEvent.objects.exists()


@pytest.mark.row("F-21")
def test_more_than_one_batch_goes(db: None, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    Budget.objects.bulk_create(Budget(subject=f"s{i}") for i in range(5))
    Budget.objects.update(updated_at=now)
    assert retention.clean_up(now=now + YEAR)["budget"] == 5


@pytest.mark.row("A-14.2.7")
def test_questions_memories_and_answers_of_gateways_go_once_they_are_worth_nothing(alice: User, now: datetime) -> None:
    vpn = Application.objects.create(slug="vpn", name="VPN")
    rule = RememberRule.objects.create(name="Ten minutes", scope="application", application=vpn, seconds=600)
    later = now + timedelta(minutes=5)
    Prompt.objects.create(application=vpn, user=alice, epoch=0, created_at=now, expires_at=later)
    Remembered.objects.create(rule=rule, user=alice, application=vpn, kind="totp", epoch=0, at=now, until=later)
    RadiusAnswer.objects.create(request="a" * 64, status=401, at=now)
    gone = retention.clean_up(now=later)
    assert (gone["prompt"], gone["remembered"], gone["radiusanswer"]) == (0, 0, 0)
    gone = retention.clean_up(now=later + timedelta(days=1, seconds=1))
    assert (gone["prompt"], gone["remembered"], gone["radiusanswer"]) == (1, 1, 1)


@pytest.mark.row("A-14.2.7")
def test_what_was_said_for_a_message_goes_long_before_the_message(lived: User, now: datetime) -> None:
    Delivery.objects.update(trace=[{"try": 1}])
    retention.clean_up(now=now + timedelta(days=30))
    assert Delivery.objects.exclude(trace=[]).count() == 2
    assert retention.clean_up(now=now + timedelta(days=31))["traces"] == 2
    assert Delivery.objects.filter(trace=[]).count() == 2


@pytest.mark.row("A-14.2.7")
@pytest.mark.parametrize(("days", "left"), [(0, 3), (90, 1)])
def test_the_authentication_log_goes_batch_by_batch_after_the_days_that_are_set(
    days: int, left: int, alice: User, now: datetime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    settings.AUTHENTICATION_LOG_DAYS = days
    for age in (89, 91, 400):
        AuthenticationRecord.objects.create(
            user=alice, application="vpn", code=23, accepted=True, at=now - timedelta(days=age)
        )
    retention.clean_up(now=now)
    assert AuthenticationRecord.objects.count() == left


def test_a_caller_check_goes_a_day_after_it(alice: User, make_user: Callable[..., User], now: datetime) -> None:
    CallerCheck.objects.create(agent=make_user("agent"), user=alice, kind="sms", token="t", epoch=0, sent_at=now)
    assert retention.clean_up(now=now + timedelta(hours=23))["callercheck"] == 0
    assert retention.clean_up(now=now + timedelta(hours=25))["callercheck"] == 1
    assert not CallerCheck.objects.exists()
