"""Mails before a rule, or what is asked of one person alone, is in force for somebody who does not meet it; and to
owners before an exemption ends.

In bulk and once for each: what was sent is in the same transaction as the mails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

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
from mfa.models import Exemption, Policy, Reminder, Rule

DAYS = (7, 1)
"""How many days before; the last one first where both are due."""
AT_ONCE = 500
PAUSE = timedelta(days=1)
"""How long after a reminder out of turn the next one may follow."""


def remind(*, now: datetime) -> int:
    """Send what is due to people and owners; how many mails were queued. Harmless to interrupt and to run twice."""
    rules = Rule.objects.filter(ended_at=None).filter(Q(factors__gt=0) | Q(backup=True))
    sent = sum(_remind(rule, stage, people, now) for rule in rules for stage, people in _due(rule, now))
    sent += sum(_remind(None, stage, people, now) for stage, people in _due_alone(now))
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


def letter(rule: Rule | None, *, now: datetime) -> outbox.Circular:
    """The mail to people who do not meet the rule, or do not have the one factor that is asked of them alone."""
    wanted = rule or Rule(factors=1)
    context = {
        "rule": wanted.name, "factors": wanted.factors, "backup": wanted.backup, "some_kinds": bool(wanted.kinds),
        "page_url": settings.PUBLIC_URL + reverse("enrol"),
    }  # fmt: skip
    return outbox.Circular("second-factor-wanted", context, now=now, worth_until=now + outbox.NOTICE_LIFETIME)


def day_for(rule: Rule | None, user: User, *, now: datetime) -> dict[str, str]:
    """The words of the mail that are this person's: from which day on; empty where it is in force already."""
    deadline = policy.demand_of(rule, user).deadline if rule else user.policy.deadline
    if deadline is None or deadline <= now:
        return {"day": ""}
    with override(user.language or settings.LANGUAGE_CODE):
        return {"day": date_format(timezone.localtime(deadline), "DATE_FORMAT")}


def _due(rule: Rule, now: datetime) -> Iterator[tuple[str, QuerySet[User]]]:
    unmet = reckoning.unmet(rule, now).exclude(policy.exempt(now)).exclude(email="")
    if rule.reminded_at and now - rule.reminded_at < PAUSE:
        yield rule.reminded_at.isoformat(timespec="minutes")[:16], unmet
    yield from _by_stage(unmet, partial(policy.in_force, rule), now)


def _due_alone(now: datetime) -> Iterator[tuple[str, QuerySet[User]]]:
    asked = User.objects.filter(policy__required=True, is_active=True).select_related("policy")
    unmet = reckoning.having_none(asked, now).exclude(policy.exempt(now)).exclude(email="")
    return _by_stage(unmet, policy.alone_in_force, now)


def _by_stage(
    unmet: QuerySet[User], in_force: Callable[[datetime], Q], now: datetime
) -> Iterator[tuple[str, QuerySet[User]]]:
    """Those for whom it is in force soon, each once, by the number of days within which it is."""
    nearer = unmet.exclude(in_force(now))
    for days in sorted(DAYS):
        ends = now + timedelta(days=days)
        yield str(days), nearer.filter(in_force(ends))
        nearer = nearer.exclude(in_force(ends))


def _remind(rule: Rule | None, stage: str, people: QuerySet[User], now: datetime) -> int:
    text = letter(rule, now=now)
    told = Reminder.objects.filter(rule=rule, stage=stage, user=OuterRef("pk"))
    left = people.filter(~Exists(told)).order_by("pk")
    sent = 0
    while batch := _send_some(rule, stage, left, text, now):
        sent += batch
    return sent


@transaction.atomic
def _send_some(rule: Rule | None, stage: str, left: QuerySet[User], text: outbox.Circular, now: datetime) -> int:
    people = _locked(rule, left)
    Reminder.objects.bulk_create(Reminder(rule=rule, user=user, stage=stage) for user in people)
    outbox.queue_many([text.mail(user, user.email, day_for(rule, user, now=now)) for user in people])
    return len(people)


def _locked(rule: Rule | None, left: QuerySet[User]) -> list[User]:
    """Some of them. The rule's row, or their own policies, are the lock: two jobs at once tell nobody twice."""
    if rule is not None:
        there = Rule.objects.select_for_update().filter(pk=rule.pk, ended_at=None).exists()
        return list(left[:AT_ONCE]) if there else []
    ids = list(left.values_list("pk", flat=True)[:AT_ONCE])
    list(Policy.objects.select_for_update().filter(user__in=ids).order_by("user").values_list("user"))
    return list(left.filter(pk__in=ids))


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
