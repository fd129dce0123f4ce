"""Letting a person off what is required, until a day: somebody answers for it, and it is over by itself."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from mfa import audit, policy
from mfa.models import Exemption

LONGEST = timedelta(days=180)


@transaction.atomic
def grant(user: User, last_day: date, *, actor: User, reason: str, now: datetime) -> Exemption:
    """Require nothing of the person up to the end of `last_day`; the actor owns it. One before ends. Nothing is lifted
    of whoever may enter the admin."""
    _end(user, now)
    until = policy.start_of(last_day + timedelta(days=1))
    row = Exemption.objects.create(user=user, until=until, owner=actor, reason=reason, created_at=now)
    audit.record("exemption.granted", user=user, actor=actor, reason=reason, until=last_day.isoformat())
    return row


@transaction.atomic
def end(user: User, *, actor: User, reason: str, now: datetime) -> None:
    """End the person's exemption before its time."""
    if _end(user, now):
        audit.record("exemption.ended", user=user, actor=actor, reason=reason)


def last_possible(now: datetime) -> date:
    """The latest day that an exemption may last to."""
    return timezone.localdate(now + LONGEST)


def _end(user: User, now: datetime) -> bool:
    """End what is there, also what is over by its date; whether it was alive."""
    mine = Exemption.objects.filter(user=user, ended_at=None)
    alive = mine.filter(until__gt=now).exists()
    mine.update(ended_at=now)
    return alive
