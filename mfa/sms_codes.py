"""A code by SMS: paid for, made, and queued to its number."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import User
from mfa import budgets, codes, kinds
from mfa.delivery import outbox
from mfa.kinds import Purpose
from mfa.models import Delivery

DIGITS = 6
LIFETIME = timedelta(minutes=5)


def send(
    user: User, number: str, purpose: Purpose, *, template: str, now: datetime, target: str = "",
    issued_by: User | None = None,
) -> tuple[str, Delivery]:  # fmt: skip
    """All of it or nothing, in the caller's transaction. Returns the challenge's token and the message. Raises
    TooManyMessages. `target` and `issued_by` are kept with the code, as `codes.issue` says."""
    budgets.spend_message(Delivery.Channel.SMS, user, number, now=now)
    issued = codes.issue(
        user, purpose, length=DIGITS, lifetime=LIFETIME, now=now, target=target, issued_by=issued_by,
        kind=kinds.carrier(Delivery.Channel.SMS),
    )  # fmt: skip
    context: dict[str, object] = {"code": issued.code}
    delivery = outbox.queue_sms(user, number, template, context, now=now, worth_until=issued.row.expires_at)
    return issued.row.token, delivery
