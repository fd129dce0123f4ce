"""An activation code that is sent: to confirmed addresses only, not shown to the agent, by SMS for ten minutes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import provisioning
from accounts.models import User
from accounts.people import COLUMNS, Change, Person
from mfa import activation, diagnosis, enrolment, lost
from mfa.delivery import outbox
from mfa.factors.activation import flows
from mfa.factors.email import addresses
from mfa.models import AuditEvent, Delivery, Factor, OneTimeCode
from mfa.outcomes import Expired
from tests.mfa.doors import add_factor
from tests.mfa.test_admin_acts import LIST, act

NUMBER = "+4917012345678"


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    """His factors were reset; number and mailbox are confirmed."""
    bob = make_user("bob", phone=NUMBER, phone_source="self", phone_confirmed_at=timezone.now())
    enrolment.reset(bob, actor=None, reason="new phone", now=timezone.now())
    add_factor(bob, kind="email", state={addresses.CONFIRMED: addresses.fingerprint(bob.email)})
    AuditEvent.objects.all().delete()
    return bob


def sent(channel: str) -> tuple[Delivery, str]:
    letter = Delivery.objects.get(template="activation-code", channel=channel)
    found = re.search(r"\w{4}-\w{4}-\w{4}", outbox.read(letter))
    assert found
    return letter, found[0]


@pytest.mark.row("N-20")
@pytest.mark.parametrize(("by", "minutes"), [("sms", 10), ("mail", 24 * 60)])
def test_the_code_goes_to_the_person_and_is_not_shown(
    staff: Callable[..., Client], bob: User, by: str, minutes: int
) -> None:
    seen = act(staff("admin"), "activate", bob, hand_over=by)
    letter, code = sent(by)
    assert "An activation code was issued. 1 person." in seen
    assert code not in seen
    assert letter.recipient == (NUMBER if by == "sms" else bob.email)
    row = OneTimeCode.objects.get(purpose="activate")
    assert letter.expires_at == row.expires_at == row.created_at + timedelta(minutes=minutes)
    assert AuditEvent.objects.get(action="activation.issued").details["by"] == by
    told = [line.title for line in diagnosis.of(bob, now=timezone.now()).lines]
    assert [title for title in told if title.startswith("A code by")], "why somebody cannot sign in tells of it"
    with pytest.raises(Expired):
        flows.redeem(bob, code, address="192.0.2.1", now=row.expires_at)
    assert flows.redeem(bob, code, address="192.0.2.1", now=row.expires_at - timedelta(minutes=1)) == row


@pytest.mark.row("N-20")
@pytest.mark.parametrize("by", ["sms", "mail"])
def test_nothing_goes_to_an_address_that_is_not_confirmed(staff: Callable[..., Client], bob: User, by: str) -> None:
    User.objects.filter(pk=bob.pk).update(phone_confirmed_at=None, email="moved@example.test")
    client = staff("admin")
    page = client.get(f"{LIST}act/activate/?people={bob.pk}", secure=True).content.decode()
    assert "Shown here once" in page
    assert "By SMS to" not in page + act(client, "activate", bob, hand_over=by)
    bob.refresh_from_db()
    with pytest.raises(activation.NotConfirmed):
        activation.issue(bob, actor=None, reason="r", now=timezone.now(), by=activation.HandOver(by))
    assert not OneTimeCode.objects.exists()


@pytest.mark.row("N-20")
def test_no_sms_goes_to_a_phone_that_was_reported_lost(bob: User) -> None:
    assert activation.HandOver.SMS in activation.ways(bob, now=timezone.now())
    Factor.objects.filter(user=bob, kind="sms").update(suspended_at=timezone.now())
    assert activation.HandOver.SMS not in activation.ways(bob, now=timezone.now())


@pytest.mark.row("N-24")
@pytest.mark.parametrize(("by", "on_the_phone", "works"), [("sms", True, False), ("mail", False, False),
                                                           ("mail", True, True), ("", True, True)])  # fmt: skip
def test_a_code_ends_with_what_it_was_sent_to_and_no_other(bob: User, by: str, on_the_phone: bool, works: bool) -> None:
    now = timezone.now()
    Factor.objects.filter(user=bob, kind="sms").update(confirmed=True, disabled_at=None)
    code = activation.issue(bob, actor=None, reason="r", now=now, by=activation.HandOver(by)).code
    gone = Factor.objects.filter(user=bob, kind="sms" if on_the_phone else "email")
    lost.report(bob, list(gone), actor=bob, now=now)
    if works:
        assert flows.redeem(bob, code, address="192.0.2.1", now=now).ending == "spent"
        return
    with pytest.raises(Expired):
        flows.redeem(bob, code, address="192.0.2.1", now=now)


def bring(people: Iterable[User], **values: Any) -> None:
    """The directory has these values for them now; `{}` stands for the key of each."""
    stored = User.objects.filter(pk__in=[one.pk for one in people]).values_list("pk", *COLUMNS)
    olds = [Person._make(row) for row in stored]
    changes = [
        Change(old, old._replace(**{name: value.format(old.pk) for name, value in values.items()})) for old in olds
    ]
    assert len(provisioning.change_many(changes, now=timezone.now(), actor=None)) == len(olds)


@pytest.mark.row("N-10")
@pytest.mark.row("N-24")
@pytest.mark.parametrize(
    ("by", "column", "new"),
    [
        ("sms", "phone", "+4915112345678"),
        ("sms", "phone", ""),
        ("mail", "email", "other@example.test"),
        ("mail", "email", ""),
    ],
)
def test_a_code_ends_when_it_went_to_a_number_or_mailbox_that_the_directory_replaces(
    staff: Callable[..., Client], bob: User, by: str, column: str, new: str
) -> None:
    code = activation.issue(bob, actor=None, reason="r", now=timezone.now(), by=activation.HandOver(by)).code
    bring([bob], **{column: new})
    event = AuditEvent.objects.get(action="activation.ended")
    assert (event.user, event.actor, event.details) == (bob, None, {"kind": "sms" if by == "sms" else "email"})
    page = staff("admin").get(f"{LIST}{bob.pk}/change/", secure=True).content.decode()
    assert "The activation code has ended: the number or mailbox that it was sent to" in page
    with pytest.raises(Expired):
        flows.redeem(bob, code, address="192.0.2.1", now=timezone.now())


@pytest.mark.parametrize(
    ("by", "column", "new"),
    [("", "email", "other@example.test"), ("mail", "phone", "+4915112345678"), ("sms", "email", "other@example.test"),
     ("mail", "email", "BOB@example.test"), ("mail", "name", "Robert")],
)  # fmt: skip
def test_a_code_outlives_what_changes_elsewhere(bob: User, by: str, column: str, new: str) -> None:
    code = activation.issue(bob, actor=None, reason="r", now=timezone.now(), by=activation.HandOver(by)).code
    bring([bob], **{column: new})
    assert flows.redeem(bob, code, address="192.0.2.1", now=timezone.now()).ending == "spent"
    bring([bob], email="third@example.test")
    assert OneTimeCode.objects.get(purpose="activate").ending == "spent"
    assert not AuditEvent.objects.filter(action="activation.ended").exists()


@pytest.mark.parametrize("count", [3, 300])
def test_new_mailboxes_of_many_take_as_many_statements_as_those_of_a_few(
    db: None, django_assert_max_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    people = User.objects.bulk_create(
        User(username=f"u{n}", email=f"u{n}@old.test", password="!") for n in range(count)
    )
    day = timezone.now() + timedelta(days=1)
    OneTimeCode.objects.bulk_create(
        OneTimeCode(user=one, purpose="activate", kind="email", expires_at=day) for one in people
    )
    with django_assert_max_num_queries(16):
        bring(people, email="u{}@new.test")
    assert OneTimeCode.objects.filter(ending="moved").count() == count
    assert AuditEvent.objects.filter(action="activation.ended").count() == count
