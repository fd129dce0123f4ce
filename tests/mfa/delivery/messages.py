"""Messages for the tests of the outbox, and a clock that can be turned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import User
from mfa.delivery import claims, hand_over, outbox
from mfa.delivery.traces import Trace
from mfa.models import Delivery

NUMBER = "+491701234567"


@dataclass
class Clock:
    """`clock()` is the time; `clock.forward(...)` moves it."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


def a_trace() -> Trace:
    return Trace("test", 1, at=datetime.now(UTC))


def steps_of(delivery: Delivery, *, nth: int = -1) -> list[dict[str, Any]]:
    """The steps of the last try, or of another one."""
    steps: list[dict[str, Any]] = delivery.trace[nth]["steps"]
    return steps


def queued_sms(
    user: User, *, now: datetime, code: str = "123456", minutes: float = 5, number: str = NUMBER
) -> Delivery:
    until = now + timedelta(minutes=minutes)
    return outbox.queue_sms(user, number, "code", {"code": code}, now=now, worth_until=until)


def queued_mail(user: User, *, now: datetime, address: str = "", **context: object) -> Delivery:
    facts = {"label": "SMS", "name": "SMS", "at": now} | context
    return outbox.queue_mail(user, address or user.email, "factor-added", facts, now=now)


def attempt(delivery: Delivery, clock: Clock) -> Delivery:
    """One try, as a worker makes it; returns the row as it is afterwards."""
    hand_over.attempt(delivery.pk, clock=clock)
    return Delivery.objects.get(pk=delivery.pk)


def attempt_when_due(delivery: Delivery, clock: Clock) -> Delivery:
    """Turn the clock to the moment the next try is due, then try."""
    clock.at = max(clock.at, Delivery.objects.get(pk=delivery.pk).next_try_at)
    return attempt(delivery, clock)


def send_everything(clock: Clock) -> None:
    """What workers do with all that is due now."""
    for pk in list(claims.waiting(now=clock()).values_list("pk", flat=True)):
        hand_over.attempt(pk, clock=clock)
