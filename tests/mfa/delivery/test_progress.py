"""The words of the page that waits for a message."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from accounts.models import User
from mfa.delivery import progress
from mfa.models import Delivery
from tests.mfa.delivery.messages import queued_mail, queued_sms

State = Delivery.State


def after(delivery: Delivery, state: Delivery.State, seconds: float, *, now: datetime) -> progress.Progress:
    delivery.state = state
    delivery.handed_over_at = now if state in (State.SENT, State.DELIVERED) else None
    delivery.delivered_at = now + timedelta(seconds=5) if state == State.DELIVERED else None
    return progress.of(delivery, now=now + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("state", "seconds", "words", "over"),
    [
        (State.QUEUED, 1, "is being sent", False),
        (State.SENDING, 1, "is being sent", False),
        (State.QUEUED, 16, "delayed", False),
        (State.SENDING, 16, "delayed", False),
        (State.SENT, 1, "Sent at 09:31:04", False),
        (State.SENT, 46, "Sent at 09:31:04", True),
        (State.DELIVERED, 6, "Sent at 09:31:04, delivered at 09:31:09", True),
        (State.FAILED, 1, "could not be sent", True),
        (State.EXPIRED, 1, "not sent", True),
        (State.UNCERTAIN, 1, "cannot tell", True),
    ],
)
def test_every_state_is_told_plainly(
    alice: User, now: datetime, state: Delivery.State, seconds: float, words: str, over: bool
) -> None:
    told = after(queued_sms(alice, now=now), state, seconds, now=now)
    assert words in told.words
    assert told.over is over


@pytest.mark.parametrize("state", [State.FAILED, State.EXPIRED, State.UNCERTAIN])
def test_what_did_not_work_out_comes_with_advice(alice: User, now: datetime, state: Delivery.State) -> None:
    assert "new one" in after(queued_sms(alice, now=now), state, 1, now=now).advice


def test_a_mail_that_a_server_refused_for_good_is_told_at_once_with_another_way(alice: User, now: datetime) -> None:
    told = after(queued_mail(alice, now=now), State.FAILED, 1, now=now)
    assert "refused" in told.words
    assert "Use another way" in told.advice
    assert told.over


def test_a_message_that_left_and_never_arrived_is_told(alice: User, now: datetime) -> None:
    delivery = queued_sms(alice, now=now)
    delivery.state, delivery.handed_over_at = State.FAILED, now
    assert "could not be delivered" in progress.of(delivery, now=now).words


@pytest.mark.parametrize(
    ("state", "seconds"), [(State.QUEUED, 16), (State.SENT, 46), (State.FAILED, 1), (State.EXPIRED, 1)]
)
def test_who_has_no_other_way_is_sent_to_helpdesk_instead(
    alice: User, now: datetime, state: Delivery.State, seconds: float
) -> None:
    for delivery in (queued_sms(alice, now=now), queued_mail(alice, now=now)):
        after(delivery, state, seconds, now=now)
        told = progress.of(delivery, now=now + timedelta(seconds=seconds), alone=True)
        assert "another way" not in told.advice
        assert "ask helpdesk" in told.advice.lower()
