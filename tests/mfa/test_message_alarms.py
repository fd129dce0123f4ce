"""Codes that cost too much, or do not come back: who is told, and how often."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from pytest_django import Settings

from accounts.models import User
from mfa import activation, budgets, message_alarms
from mfa.delivery import outbox
from mfa.models import AuditEvent, Delivery, DeliveryAlarm, OneTimeCode
from mfa.outcomes import TooManyMessages
from mfa.tasks import watch_messages
from tests.mfa.doors import add_factor, give_role, sign_in

pytestmark = pytest.mark.django_db
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture(autouse=True)
def team(settings: Settings) -> None:
    settings.ALARM_MAIL = ["team@example.test"]


def told() -> list[str]:
    """The subjects of the alarms, in order."""
    mails = Delivery.objects.filter(template="messages-in-trouble", recipient="team@example.test")
    return list(mails.order_by("pk").values_list("subject", flat=True))


def codes(user: User, count: int, *, confirmed: int, at: datetime, channel: str = "sms") -> None:
    kind = "sms" if channel == "sms" else "email"
    for number in range(count):
        Delivery.objects.create(
            user=user, channel=channel, template="code", recipient=f"{number}", created_at=at, handed_over_at=at,
            state=Delivery.State.SENT,
        )  # fmt: skip
        ending = OneTimeCode.Ending.SPENT if number < confirmed else OneTimeCode.Ending.REPLACED
        OneTimeCode.objects.create(
            user=user, purpose="sign-in", kind=kind, code_hash="x", created_at=at, expires_at=at, ending=ending
        )


@pytest.mark.row("T-18")
def test_two_hundred_numbers_in_a_row_meet_the_budget_and_raise_one_alarm(now: datetime, settings: Settings) -> None:
    settings.SMS_PER_DAY = 50
    people = User.objects.bulk_create([User(username=f"p{number}", password="!") for number in range(200)])
    sent = 0
    for number, person in enumerate(people):
        at = now + timedelta(seconds=3 * number)
        try:
            budgets.spend_message("sms", person, f"+49170123{number:04d}", now=at)
        except TooManyMessages:
            continue
        Delivery.objects.create(user=person, channel="sms", template="code", recipient="x", created_at=at)
        sent += 1
        message_alarms.watch(now=at)
    message_alarms.watch(now=at)
    assert sent == 50
    assert told() == [
        "Codes by SMS: the day's budget of codes is nearly spent", "Codes by SMS: the day's budget of codes is spent",
    ]  # fmt: skip
    message_alarms.watch(now=now + timedelta(days=1))
    assert not DeliveryAlarm.objects.filter(ended_at=None).exists()


@pytest.mark.row("T-18")
@pytest.mark.parametrize(
    ("sent", "confirmed", "alarm"), [(20, 5, True), (20, 6, False), (19, 0, False), (100, 29, True), (100, 30, False)]
)
def test_few_codes_that_come_back_raise_an_alarm(
    alice: User, now: datetime, sent: int, confirmed: int, alarm: bool
) -> None:
    codes(alice, sent, confirmed=confirmed, at=now - HALF_AN_HOUR)
    assert message_alarms.watch(now=now) == int(alarm)
    assert bool(told()) is alarm


def test_codes_that_may_still_be_typed_and_those_of_the_other_channel_do_not_count(alice: User, now: datetime) -> None:
    codes(alice, 30, confirmed=0, at=now - timedelta(minutes=9))
    codes(alice, 30, confirmed=0, at=now - timedelta(minutes=61))
    codes(alice, 30, confirmed=30, at=now - HALF_AN_HOUR)
    assert message_alarms.watch(now=now) == 0
    codes(alice, 30, confirmed=0, at=now - HALF_AN_HOUR, channel="mail")
    assert message_alarms.watch(now=now) == 1
    assert told() == ["Codes by mail: few of the codes that are sent come back"]


def test_activation_codes_by_message_count_neither_as_left_nor_as_come_back(alice: User) -> None:
    """They are typed more surely than other codes, and would hide those that do not arrive."""
    User.objects.filter(pk=alice.pk).update(phone="+4915112345678", phone_confirmed_at=timezone.now())
    person = User.objects.get(pk=alice.pk)
    activation.issue(person, actor=None, reason="new", now=timezone.now(), by=activation.HandOver.SMS)
    OneTimeCode.objects.update(ending=OneTimeCode.Ending.SPENT)
    Delivery.objects.filter(template="activation-code").update(state="sent", handed_over_at=timezone.now())
    assert Delivery.objects.filter(template="activation-code").exists()
    assert message_alarms.confirmed_share("sms", now=timezone.now() + HALF_AN_HOUR) == (0, 0)


def test_an_incident_is_told_once_and_again_only_after_it_was_over(alice: User, now: datetime) -> None:
    codes(alice, 40, confirmed=0, at=now - HALF_AN_HOUR)
    assert [message_alarms.watch(now=now + timedelta(minutes=turn)) for turn in range(5)] == [1, 0, 0, 0, 0]
    quiet = now + timedelta(hours=3)
    message_alarms.watch(now=quiet)
    assert DeliveryAlarm.objects.filter(ended_at=None).count() == 1  # nobody asked for codes: no news is no good news
    codes(alice, 40, confirmed=40, at=quiet - HALF_AN_HOUR)
    message_alarms.watch(now=quiet)
    assert not DeliveryAlarm.objects.filter(ended_at=None).exists()
    later = quiet + timedelta(hours=3)
    codes(alice, 40, confirmed=0, at=later - HALF_AN_HOUR)
    assert message_alarms.watch(now=later) == 1
    assert len(told()) == 2
    message_alarms.watch(now=later + timedelta(days=2))
    assert not DeliveryAlarm.objects.filter(ended_at=None).exists()


def test_the_mail_says_what_to_do_and_the_trail_and_the_list_have_it(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.CODES_ALARM_PERCENT = 50
    now = timezone.now()
    codes(alice, 40, confirmed=7, at=now - HALF_AN_HOUR)
    watch_messages()
    text = outbox.read(Delivery.objects.get(template="messages-in-trouble"))
    assert "of 40 codes that left within the last hour 7 were typed back" in text
    assert "https://portal.test/admin/mfa/delivery/?channel__exact=sms" in text
    assert AuditEvent.objects.get(action="messages.in-trouble").details["trouble"] == "few-confirmed"
    auditor = give_role(alice, "auditor")
    sign_in(client, auditor, add_factor(auditor))
    page = client.get("/admin/mfa/delivery/", secure=True).content.decode()
    assert "few of the codes that are sent come back" in page


def test_zero_never_tells(alice: User, now: datetime, settings: Settings) -> None:
    settings.CODES_ALARM_PERCENT = 0
    codes(alice, 40, confirmed=0, at=now - HALF_AN_HOUR)
    assert message_alarms.watch(now=now) == 0


def test_it_is_watched_each_minute() -> None:
    task = PeriodicTask.objects.get(task="mfa.tasks.watch_messages")
    assert (task.interval.every, task.interval.period, task.enabled) == (1, "minutes", True)
