from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from mfa import budgets
from mfa.models import Delivery
from mfa.outcomes import TooManyMessages

NUMBER = "+4915112345678"


@pytest.mark.row("T-16")
@pytest.mark.django_db
def test_one_sms_a_minute_and_five_an_hour_for_a_person(alice: User, now: datetime) -> None:
    budgets.spend_message("sms", alice, NUMBER, now=now)
    with pytest.raises(TooManyMessages) as refused:
        budgets.spend_message("sms", alice, NUMBER, now=now + timedelta(seconds=59))
    assert refused.value.until == now + timedelta(minutes=1)
    for minute in range(1, 5):
        budgets.spend_message("sms", alice, NUMBER, now=now + timedelta(minutes=minute))
    with pytest.raises(TooManyMessages) as refused:
        budgets.spend_message("sms", alice, NUMBER, now=now + timedelta(minutes=6))
    assert refused.value.until == now + timedelta(hours=1)


@pytest.mark.row("T-16")
def test_ten_sms_a_day_for_a_person(alice: User, now: datetime) -> None:
    for turn in range(10):
        budgets.spend_message("sms", alice, NUMBER, now=now + timedelta(hours=turn))
    with pytest.raises(TooManyMessages) as refused:
        budgets.spend_message("sms", alice, NUMBER, now=now + timedelta(hours=12))
    assert refused.value.until == now + timedelta(days=1)


@pytest.mark.row("T-16")
def test_a_number_gets_five_an_hour_whoever_asks(make_user: Callable[..., User], now: datetime) -> None:
    people = [make_user(f"person{i}") for i in range(6)]
    for person in people[:5]:
        budgets.spend_message("sms", person, NUMBER, now=now)
    with pytest.raises(TooManyMessages):
        budgets.spend_message("sms", people[5], NUMBER, now=now)


@pytest.mark.row("T-18")
def test_the_deployment_sends_thirty_a_minute(make_user: Callable[..., User], now: datetime) -> None:
    for i in range(30):
        budgets.spend_message("sms", make_user(f"person{i}"), f"+49151123456{i:02d}", now=now)
    with pytest.raises(TooManyMessages):
        budgets.spend_message("sms", make_user("late"), "+4915199999999", now=now)


@pytest.mark.row("T-18")
def test_the_day_budget_of_the_deployment_holds(alice: User, now: datetime, settings: Settings) -> None:
    settings.SMS_PER_DAY = 2
    for _ in range(2):
        Delivery.objects.create(channel="sms", template="code", recipient=NUMBER, created_at=now)
    with pytest.raises(TooManyMessages):
        budgets.spend_message("sms", alice, NUMBER, now=now)
