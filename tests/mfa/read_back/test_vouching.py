"""What vouches for a number that waits for its code: it is used once, with the saving, and not lost before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import approvals
from mfa.models import Approval, CallerCheck, Delivery, OneTimeCode
from mfa.verification import callers
from tests.mfa.doors import give_role
from tests.mfa.read_back.calls import (
    NEW,
    NOON,
    OLD,
    OTHER,
    again,
    begin,
    code_to,
    number_of,
    read,
)
from tests.mfa.test_admin_acts import act, vouched


@pytest.mark.row("T-59")
def test_what_vouched_for_it_serves_once(staff: Callable[..., Client], bob: User) -> None:
    client = vouched(staff("helpdesk"), bob)
    begin(client, bob)
    read(client, bob, code_to())
    assert CallerCheck.objects.get().used_for == ["phone"]
    for way in ("with-confirmation", "without-confirmation"):
        seen = act(client, "phone", bob, number=OTHER, confirmation=way)
        assert "have a second person approve it first" in seen
    assert number_of(bob) == NEW


def test_a_caller_check_is_not_lost_by_a_code_that_comes_late(
    staff: Callable[..., Client], bob: User, clock: time_machine.Traveller
) -> None:
    client = vouched(staff("helpdesk"), bob)
    CallerCheck.objects.update(passed_at=NOON - timedelta(minutes=9, seconds=30))
    begin(client, bob)
    clock.shift(61)
    assert not callers.passed(bob, "phone", actor=CallerCheck.objects.get().agent, now=timezone.now())
    assert "A new code is on its way" in again(client, bob)
    assert "It is confirmed" in read(client, bob, code_to())
    assert CallerCheck.objects.get().used_for == ["phone"]


@pytest.mark.row("T-60")
def test_an_approval_is_of_one_way_and_used_up_with_the_saving(
    staff: Callable[..., Client], make_user: Callable[..., User], bob: User, clock: time_machine.Traveller
) -> None:
    client = staff("helpdesk")
    begin(client, bob, do="ask")
    second = give_role(make_user("second"), "helpdesk")
    approvals.decide(Approval.objects.get().pk, True, actor=second, now=timezone.now())
    assert "approve it first" in act(client, "phone", bob, number=NEW, confirmation="without-confirmation")
    begin(client, bob)
    assert Approval.objects.get().state == Approval.State.APPROVED
    clock.shift(timedelta(minutes=4))
    begin(client, bob, reason="The first code never came")
    assert Approval.objects.get().state == Approval.State.APPROVED
    assert "It is confirmed" in read(client, bob, code_to())
    assert Approval.objects.get().state == Approval.State.USED


@pytest.mark.row("T-60")
def test_without_what_vouches_for_it_no_code_is_sent_and_none_is_judged(
    staff: Callable[..., Client], make_user: Callable[..., User], bob: User
) -> None:
    client = staff("helpdesk")
    assert "approve it first" in begin(client, bob)
    assert not Delivery.objects.exists()
    begin(client, bob, do="ask")
    second = give_role(make_user("second"), "helpdesk")
    approvals.decide(Approval.objects.get().pk, True, actor=second, now=timezone.now())
    begin(client, bob)
    agent = User.objects.get(username="helpdesk-person")
    approvals.decide(Approval.objects.get().pk, False, actor=agent, now=timezone.now())
    assert "approve it first" in read(client, bob, code_to())
    assert number_of(bob) == OLD
    assert OneTimeCode.objects.get().ending == OneTimeCode.Ending.LIVE


@pytest.mark.row("T-59")
def test_the_confirmed_number_proves_its_owner_but_never_to_the_agent_who_set_it(
    staff: Callable[..., Client], make_user: Callable[..., User], bob: User
) -> None:
    client = vouched(staff("helpdesk"), bob)
    begin(client, bob)
    read(client, bob, code_to())
    bob.refresh_from_db()
    agent, other = User.objects.get(username="helpdesk-person"), make_user("other")
    assert [factor.kind for factor in callers.ways(bob, actor=other, now=timezone.now())] == ["sms"]
    assert not callers.ways(bob, actor=agent, now=timezone.now())
