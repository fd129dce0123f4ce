"""Claims: of many workers one goes on, and the dead hold nothing."""

from __future__ import annotations

import pytest

from accounts.models import User
from mfa.delivery import claims
from mfa.models import Delivery
from tests.mfa.delivery.messages import Clock, attempt, queued_mail, queued_sms
from tests.services.http_gateway import HttpGateway

State = Delivery.State


def test_a_message_is_claimed_once(alice: User, clock: Clock) -> None:
    delivery = queued_sms(alice, now=clock())
    assert claims.take(delivery.pk, now=clock()) is not None
    assert claims.take(delivery.pk, now=clock()) is None


@pytest.mark.row("F-06")
def test_a_worker_killed_before_the_call_is_made_up_for(alice: User, clock: Clock, by_http: HttpGateway) -> None:
    delivery = queued_sms(alice, now=clock())
    claims.take(delivery.pk, now=clock())
    assert claims.recover([], now=clock.forward(seconds=44)) == 0
    assert claims.recover([], now=clock.forward(seconds=1)) == 1
    assert attempt(delivery, clock).state == State.SENT
    assert len(by_http.requests) == 1


@pytest.mark.row("F-06")
def test_a_worker_killed_during_the_call_is_repeated_only_where_that_is_safe(alice: User, clock: Clock) -> None:
    safe, unsafe = queued_sms(alice, now=clock()), queued_sms(alice, now=clock())
    for delivery, gateway in ((safe, "http"), (unsafe, "kannel")):
        claim = claims.take(delivery.pk, now=clock())
        assert claim is not None
        assert claims.begin(claim, gateway, now=clock())
    assert claims.recover(["http"], now=clock.forward(minutes=1)) == 2
    safe.refresh_from_db()
    unsafe.refresh_from_db()
    assert safe.state == State.QUEUED
    assert safe.handed_over_at is not None
    assert (unsafe.state, unsafe.body) == (State.UNCERTAIN, "")


def test_a_worker_that_lost_its_claim_can_neither_send_nor_report(alice: User, clock: Clock) -> None:
    delivery = queued_sms(alice, now=clock())
    stale = claims.take(delivery.pk, now=clock())
    assert stale is not None
    claims.recover([], now=clock.forward(minutes=1))
    fresh = claims.take(delivery.pk, now=clock())
    assert fresh is not None
    assert not claims.begin(stale, "kannel", now=clock())
    claims.end(stale, State.FAILED, "too late")
    claims.postpone(stale, "too late", now=clock())
    assert claims.begin(fresh, "kannel", now=clock())


def test_an_answer_that_comes_after_all_ends_the_doubt(alice: User, clock: Clock) -> None:
    delivery = queued_sms(alice, now=clock())
    claim = claims.take(delivery.pk, now=clock())
    assert claim is not None
    claims.begin(claim, "kannel", now=clock())
    claims.recover([], now=clock.forward(minutes=1))
    claims.sent(claim, "reference\n", keep_text=False, now=clock())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reference) == (State.SENT, "reference")


def test_tries_are_bounded(alice: User, clock: Clock) -> None:
    delivery = queued_mail(alice, now=clock())
    for _ in range(claims.MOST_TRIES):
        claim = claims.take(delivery.pk, now=clock())
        assert claim is not None
        claims.postpone(claim, "451 later", now=clock())
        clock.at = Delivery.objects.get(pk=delivery.pk).next_try_at
        Delivery.objects.filter(pk=delivery.pk).update(expires_at=clock.at.replace(year=2030))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.body, delivery.error) == (State.FAILED, "", "451 later")


def test_codes_leave_before_notices(alice: User, clock: Clock) -> None:
    notice = queued_mail(alice, now=clock())
    code = queued_sms(alice, now=clock())
    assert list(claims.waiting(now=clock())) == [code, notice]
