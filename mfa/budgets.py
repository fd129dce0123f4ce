"""How much may happen in a time: messages that leave, guesses at a password from unknown addresses, wrong answers of a
source. Each budget is a locked row with the moments at which something was spent: no cache flush forgets them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils.crypto import salted_hmac

from accounts import compiled
from accounts.compiled import Compiled
from accounts.models import User
from mfa.delivery import outbox
from mfa.models import Budget, Delivery
from mfa.outcomes import TooManyMessages

logger = logging.getLogger(__name__)

Channel = Delivery.Channel
Window = tuple[int, timedelta]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PAID_FOR = outbox.CODES - {"activation-code"}
"""The messages the day's budget is for; notices do not use it up: thousands may follow one change in a directory. Nor
do activation codes, which helpdesk issues at its own pace."""


@dataclass(frozen=True, slots=True)
class Sending:
    """How many codes may leave by one channel; `per_day` is the name of the setting with the day's budget."""

    per_user: tuple[Window, ...]
    per_recipient: tuple[Window, ...]
    per_deployment: tuple[Window, ...]
    per_day: str


SENDING: dict[str, Sending] = {
    Channel.SMS: Sending(((1, MINUTE), (5, HOUR), (10, DAY)), ((5, HOUR),), ((30, MINUTE),), "SMS_PER_DAY"),
    Channel.MAIL: Sending(((1, MINUTE), (10, HOUR), (20, DAY)), ((10, HOUR),), ((120, MINUTE),), "MAIL_CODES_PER_DAY"),
}
TESTS: tuple[Window, ...] = ((3, MINUTE), (20, HOUR))
"""Test messages of one admin, over both channels."""
BY_AGENT: tuple[Window, ...] = ((10, MINUTE), (60, HOUR))
"""Codes that one of helpdesk, or an admin, has sent to callers, over both channels."""
WRONG_PASSWORDS: tuple[Window, ...] = ((50, timedelta(hours=1)),)
"""Of one account, from all addresses it never signed in from together."""
MISSES: tuple[Window, ...] = ((50, HOUR),)
"""Wrong answers from one source by way of one application, about all accounts that do not usually come from there."""


_BUDGET = Compiled(
    lambda: Budget.objects.all(),
    sql="INSERT INTO mfa_budget (subject, spent, updated_at) VALUES (%s, '[]', CURRENT_TIMESTAMP)"
    " ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject RETURNING id, subject, spent, updated_at",
)


def spend_message(channel: str, user: User, recipient: str, *, now: datetime) -> None:
    """Take one code out of the person's, the recipient's and the deployment's budget, or raise TooManyMessages.

    The rows stay locked until the caller's transaction ends, always in this order; a refusal must end it.
    """
    _spend(channel, f"{channel}:user:{user.pk}", SENDING[channel].per_user, recipient, now)


def spend_test(channel: str, actor: User, recipient: str, *, now: datetime) -> None:
    """Take one test message out of the admin's budget and those of all messages. Raises TooManyMessages."""
    _spend(channel, f"test:user:{actor.pk}", TESTS, recipient, now)


def spend_by_agent(actor: User, *, now: datetime) -> None:
    """Take one code for a caller out of the agent's budget, or raise TooManyMessages. Comes behind `spend_message`, so
    that budgets are always locked in one order; a refusal must end the caller's transaction."""
    until = _take(f"callers:user:{actor.pk}", BY_AGENT, now=now)
    if until is not None:
        raise TooManyMessages(until)


def _spend(channel: str, user: str, per_user: tuple[Window, ...], recipient: str, now: datetime) -> None:
    digest = salted_hmac("mfa.limits", recipient.casefold(), algorithm="sha256").hexdigest()[:32]
    most = SENDING[channel]
    for subject, windows in (
        (user, per_user),
        (f"{channel}:to:{digest}", most.per_recipient),
        (f"{channel}:deployment", most.per_deployment),
    ):
        until = _take(subject, windows, now=now)
        if until is not None:
            raise TooManyMessages(until)
    _refuse_past_day_budget(channel, now)


def spend_password_guess(account: str, *, now: datetime) -> bool:
    """Take one guess from an unknown address out of the account's budget; False where none is left."""
    return _take(f"password:{account}"[:100], WRONG_PASSWORDS, now=now) is None


def misses(subject: str) -> Budget:
    """The wrong answers of one source, locked until the caller's transaction ends."""
    (budget,) = _BUDGET.rows(subject)
    return budget


def misses_are_spent(budget: Budget, *, now: datetime) -> bool:
    """Whether a source gave as many wrong answers as it may."""
    return _full_until(budget.spent, MISSES, now) is not None


def miss(budget: Budget, *, now: datetime) -> bool:
    """Count one wrong answer of a source; False where none is left."""
    if misses_are_spent(budget, now=now):
        return False
    _spend_one(budget, MISSES, now)
    compiled.replace(budget)
    return True


def give_back_miss(budget: Budget, *, paid_at: datetime) -> None:
    """Forget what `miss` counted at this moment, before it was known that the answer is right."""
    if paid_at.timestamp() in budget.spent:
        budget.spent.remove(paid_at.timestamp())
        compiled.replace(budget)


def next_message_at(channel: str, user: User, *, now: datetime) -> datetime | None:
    """When the person's own budget allows the next code; None for now. For the countdown on a page."""
    budget = Budget.objects.filter(subject=f"{channel}:user:{user.pk}").first()
    return _full_until(budget.spent, SENDING[channel].per_user, now) if budget else None


def _take(subject: str, windows: tuple[Window, ...], *, now: datetime) -> datetime | None:
    """Spend one and return None, or return when there is room again; the row stays locked."""
    budget, _ = Budget.objects.select_for_update().get_or_create(subject=subject)
    until = _full_until(budget.spent, windows, now)
    if until is None:
        _spend_one(budget, windows, now)
        budget.save(update_fields=["spent", "updated_at"])
    return until


def _spend_one(budget: Budget, windows: tuple[Window, ...], now: datetime) -> None:
    oldest = (now - max(span for _, span in windows)).timestamp()
    budget.spent = [*(stamp for stamp in budget.spent if stamp > oldest), now.timestamp()]


def _full_until(spent: list[float], windows: tuple[Window, ...], now: datetime) -> datetime | None:
    """The latest moment at which every window has room again; None where all have room now."""
    latest: datetime | None = None
    for most, span in windows:
        within = [stamp for stamp in spent if stamp > (now - span).timestamp()]
        if len(within) >= most:
            until = datetime.fromtimestamp(within[-most], UTC) + span
            latest = max(latest, until) if latest else until
    return latest


def sent_today(channel: str, *, now: datetime) -> tuple[int, int]:
    """How many codes were queued since midnight (UTC), and how many may be."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    queued = Delivery.objects.filter(channel=channel, template__in=PAID_FOR, created_at__gte=day).count()
    return queued, int(getattr(settings, SENDING[channel].per_day))


def _refuse_past_day_budget(channel: str, now: datetime) -> None:
    queued, most = sent_today(channel, now=now)
    if queued >= most:
        logger.error("the day's budget of %d codes by %s is spent", most, channel)
        raise TooManyMessages(now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY)
