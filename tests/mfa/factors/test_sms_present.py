"""Confirming the number that one has: nothing changes but whose word it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import PhoneSource, User
from mfa import enrolment, holdings, lost, policy
from mfa.factors.sms import flows
from mfa.factors.sms.refusals import SameNumber
from mfa.kinds import Purpose
from mfa.models import AuditEvent, Delivery, OneTimeCode
from mfa.outcomes import WrongCode
from tests.mfa.factors.phones import OLD, code_to, other_than


@pytest.fixture
def owner(make_user: Callable[..., User]) -> User:
    return make_user("owner", phone=OLD, phone_source=PhoneSource.DIRECTORY)


def confirm(user: User, *, now: datetime) -> None:
    token = flows.start(user, OLD, actor=user, now=now).token
    flows.finish(user, token, code_to(OLD), actor=user, now=now)
    user.refresh_from_db()


@pytest.mark.parametrize(
    ("entered", "kept"),
    [(PhoneSource.DIRECTORY, PhoneSource.DIRECTORY), (PhoneSource.HELPDESK, PhoneSource.SELF)],
)
def test_a_number_that_others_entered_is_confirmed_by_its_owner_without_a_change(
    owner: User, now: datetime, entered: PhoneSource, kept: PhoneSource
) -> None:
    User.objects.filter(pk=owner.pk).update(phone_source=entered)
    owner.refresh_from_db()
    confirm(owner, now=now)
    assert (owner.phone, owner.phone_source, owner.phone_confirmed_at) == (OLD, kept, now)
    assert not Delivery.objects.filter(template="phone-changed").exists()
    assert not OneTimeCode.objects.filter(purpose=Purpose.UNDO_PHONE).exists()
    event = AuditEvent.objects.get(action="phone.confirmed")
    assert event.details == {"new": "+49 *** **67", "source": kept.value}
    with pytest.raises(SameNumber):
        confirm(owner, now=now + timedelta(minutes=2))


def test_a_number_at_which_the_owner_cannot_read_the_code_stays_unconfirmed(owner: User, now: datetime) -> None:
    token = flows.start(owner, OLD, actor=owner, now=now).token
    with pytest.raises(WrongCode):
        flows.finish(owner, token, other_than(code_to(OLD)), actor=owner, now=now)
    owner.refresh_from_db()
    assert owner.phone_confirmed_at is None


def test_after_a_reset_the_same_number_counts_again_once_its_code_came_back(owner: User, now: datetime) -> None:
    confirm(owner, now=now)
    later = now + timedelta(minutes=2)
    enrolment.reset(owner, actor=None, reason="new phone, same number", now=later)
    assert holdings.usable(owner, now=later) == []
    confirm(owner, now=later)
    assert [factor.kind for factor in holdings.usable(owner, now=later)] == ["sms"]
    assert not policy.of(owner, now=timezone.now()).activation_only


def test_what_was_reported_lost_does_not_come_back_by_a_code_to_the_lost_phone(owner: User, now: datetime) -> None:
    confirm(owner, now=now)
    lost.report(owner, [flows.of(owner)], actor=owner, now=now)
    with pytest.raises(SameNumber):
        confirm(owner, now=now + timedelta(minutes=2))
