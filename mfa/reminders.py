"""Mails before a rule is in force for somebody who does not meet it, and to owners before an exemption ends.

In bulk and once for each: what was sent is in the same transaction as the mails.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override

from accounts.models import User
from mfa import audit, policy, reckoning
from mfa.delivery import outbox
from mfa.models import Exemption, Reminder, Rule

DAYS = (7, 1)
"""How many days before; the last one first where both are due."""
AT_ONCE = 500
PAUSE = timedelta(days=1)
"""How long after a reminder out of turn the next one may follow."""


def remind(*, now: datetime) -> int:
    """Send what is due to people and owners; how many mails were queued. Harmless to interrupt and to run twice."""
    rules = Rule.objects.filter(ended_at=None).filter(Q(factors__gt=0) | Q(backup=True))
    sent = sum(_remind(rule, stage, people, now) for rule in rules for stage, people in _due(rule, now))
    return sent + _tell_owners(now)


@transaction.atomic
def order(rule: Rule, *, actor: User, reason: str, now: datetime) -> bool:
    """Have everybody reminded who does not meet the rule, at the next run of the job; False where that was ordered
    less than a day ago."""
    latest = Q(reminded_at=None) | Q(reminded_at__lte=now - PAUSE)
    if not Rule.objects.filter(latest, pk=rule.pk, ended_at=None).update(reminded_at=now):
        return False
    audit.record("rule.reminded", user=None, actor=actor, reason=reason, rule=rule.pk)
    return True


def letter(rule: Rule, *, now: datetime) -> outbox.Circular:
    """The mail to people who do not meet the rule."""
    context = {
        "rule": rule.name, "factors": rule.factors, "backup": rule.backup, "some_kinds": bool(rule.kinds),
        "page_url": settings.PUBLIC_URL + reverse("enrol"),
    }  # fmt: skip
    return outbox.Circular("second-factor-wanted", context, now=now, worth_until=now + outbox.NOTICE_LIFETIME)


def day_for(rule: Rule, user: User, *, now: datetime) -> dict[str, str]:
    """The words of the mail that are this person's: from which day on; empty where the rule is in force already."""
    deadline = policy.demand_of(rule, user).deadline
    if deadline is None or deadline <= now:
        return {"day": ""}
    with override(user.language or settings.LANGUAGE_CODE):
        return {"day": date_format(timezone.localtime(deadline), "DATE_FORMAT")}


def _due(rule: Rule, now: datetime) -> Iterator[tuple[str, QuerySet[User]]]:
    unmet = reckoning.unmet(rule, now).exclude(policy.exempt(now)).exclude(email="")
    if rule.reminded_at and now - rule.reminded_at < PAUSE:
        yield rule.reminded_at.isoformat(timespec="minutes")[:16], unmet
    nearer = unmet.exclude(policy.in_force(rule, now))
    for days in sorted(DAYS):
        ends = now + timedelta(days=days)
        yield str(days), nearer.filter(policy.in_force(rule, ends))
        nearer = nearer.exclude(policy.in_force(rule, ends))


def _remind(rule: Rule, stage: str, people: QuerySet[User], now: datetime) -> int:
    text = letter(rule, now=now)
    told = Reminder.objects.filter(rule=rule, stage=stage, user=OuterRef("pk"))
    left = people.filter(~Exists(told)).order_by("pk")
    sent = 0
    while batch := _send_some(rule, stage, left, text, now):
        sent += batch
    return sent


@transaction.atomic
def _send_some(rule: Rule, stage: str, left: QuerySet[User], text: outbox.Circular, now: datetime) -> int:
    """The rule's row is the lock: two jobs at once tell nobody twice."""
    if not Rule.objects.select_for_update().filter(pk=rule.pk, ended_at=None).exists():
        return 0
    people = list(left[:AT_ONCE])
    Reminder.objects.bulk_create(Reminder(rule=rule, user=user, stage=stage) for user in people)
    outbox.queue_many([text.mail(user, user.email, day_for(rule, user, now=now)) for user in people])
    return len(people)


def _tell_owners(now: datetime) -> int:
    soon = Exemption.objects.filter(ended_at=None, reminded_at=None, until__gt=now)
    context: dict[str, object] = {"page_url": settings.PUBLIC_URL + reverse("admin:mfa_exemption_changelist")}
    text = outbox.Circular("exemption-ends", context, now=now, worth_until=now + outbox.NOTICE_LIFETIME)
    with transaction.atomic():
        rows = list(
            soon.filter(until__lte=now + timedelta(days=DAYS[0]), owner__is_active=True)
            .exclude(owner__email="")
            .select_related("user", "owner")
            .select_for_update(of=("self",))
            .order_by("pk")[:AT_ONCE]
        )
        Exemption.objects.filter(pk__in=[row.pk for row in rows]).update(reminded_at=now)
        outbox.queue_many([text.mail(row.owner, row.owner.email, _ending(row)) for row in rows])
    return len(rows) + (_tell_owners(now) if len(rows) == AT_ONCE else 0)


def _ending(row: Exemption) -> dict[str, str]:
    with override(row.owner.language or settings.LANGUAGE_CODE):
        last = timezone.localtime(row.until - timedelta(seconds=1))
        return {
            "exempt": row.user.get_full_name(),
            "exempt_name": row.user.username,
            "day": date_format(last, "DATE_FORMAT"),
        }
