"""Numbers that a directory or helpdesk changes, and people who are deactivated: many at once, in few statements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import users
from accounts.models import PhoneSource, User
from accounts.signals import PhoneChange
from mfa import codes, enrolment, holdings
from mfa.delivery import outbox
from mfa.factors.sms import flows, undo
from mfa.kinds import Purpose
from mfa.models import AuditEvent, Delivery, Factor, OneTimeCode
from mfa.outcomes import Expired
from tests.mfa.factors.phones import NEW, OLD, OTHER, code_to, last_to, link_to

LIFETIME = timedelta(minutes=5)


@pytest.fixture
def owner(make_user: Callable[..., User]) -> User:
    return make_user("owner", phone=OLD, phone_source=PhoneSource.DIRECTORY)


def by_directory(user: User, number: str) -> None:
    users.set_phone(user, number, source=PhoneSource.DIRECTORY, confirmed_at=None, actor=None)


@pytest.mark.row("N-10")
def test_a_change_in_the_directory_is_told_to_old_number_and_mailbox(owner: User) -> None:
    by_directory(owner, NEW)
    for message in (last_to(OLD), last_to(owner.email)):
        assert message.template == "phone-changed-for-you"
        assert NEW not in outbox.read(message)
    assert "directory" in outbox.read(last_to(owner.email))
    assert not Delivery.objects.filter(recipient=NEW).exists()
    (event,) = AuditEvent.objects.all()
    assert (event.action, event.actor, event.details["source"]) == ("phone.changed", None, "directory")
    assert OLD not in str(event.details)


def test_a_first_number_from_the_directory_is_no_news(make_user: Callable[..., User]) -> None:
    by_directory(make_user("new"), NEW)
    assert Delivery.objects.count() == 0


@pytest.mark.row("T-45")
def test_a_link_from_before_does_not_overrule_the_directory(owner: User, now: datetime) -> None:
    token = flows.start(owner, NEW, actor=owner, now=now).token
    flows.finish(owner, token, code_to(NEW), actor=owner, now=now)
    _, _, _, token, code, _ = link_to(OLD).split("/")
    by_directory(owner, OTHER)
    with pytest.raises(Expired):
        undo.take(token, code, now=now)
    owner.refresh_from_db()
    assert owner.phone == OTHER


def test_a_new_number_revives_a_suspended_factor_and_no_number_removes_it(owner: User, now: datetime) -> None:
    enrolment.reset(owner, actor=None, reason="lost", now=now)
    assert holdings.usable(owner, now=now) == []
    by_directory(owner, NEW)
    owner.refresh_from_db()
    assert [factor.kind for factor in holdings.usable(owner, now=now)] == ["sms"]
    by_directory(owner, "")
    assert not Factor.objects.filter(kind="sms").exists()


def test_codes_sent_to_the_old_number_end_and_so_does_the_way_back_to_it(owner: User) -> None:
    now = timezone.now()
    for purpose in (Purpose.SIGN_IN, Purpose.PROOF, Purpose.CONFIRM_PHONE, Purpose.UNDO_PHONE, Purpose.ACTIVATE):
        codes.issue(owner, purpose, length=6, lifetime=LIFETIME, now=now)
    by_directory(owner, NEW)
    live = set(OneTimeCode.objects.filter(ending="").values_list("purpose", flat=True))
    assert live == {Purpose.ACTIVATE}


def test_deactivation_ends_every_code(owner: User, now: datetime) -> None:
    for purpose in Purpose:
        codes.issue(owner, purpose, length=6, lifetime=LIFETIME, now=now)
    users.deactivate_many([owner.pk], now=now, actor=None)
    assert not OneTimeCode.objects.filter(ending="").exists()


@pytest.mark.parametrize("count", [3, 400])
def test_no_statement_is_made_for_each_person(
    db: None, django_assert_max_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    people = [
        User(username=f"u{n}", email=f"u{n}@example.test", phone=f"+49170{2_000_000 + n}", password="!")
        for n in range(count)
    ]
    User.objects.bulk_create(people)
    changes = [PhoneChange(person.pk, person.phone, f"+49170{3_000_000 + person.pk}") for person in people]
    with django_assert_max_num_queries(30):
        users.announce_phones(changes, source=PhoneSource.DIRECTORY, actor=None)
    assert Delivery.objects.count() == 2 * count
    assert AuditEvent.objects.count() == count
