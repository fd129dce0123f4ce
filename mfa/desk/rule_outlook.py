"""Whom a rule meets how: what is shown before it is saved, and how far people have come since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import User
from mfa import holdings, kinds, policy, reckoning, reminders, rules
from mfa.delivery import outbox
from mfa.models import Exemption, Factor, Rule

PER_PAGE = 50
DAYS_BACK = 14
CSV_HEAD = ("user name", "name", "e-mail", "factors", "nothing else opens from")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not meet the rule: what they have, from when nothing else opens, and until when they are
    exempt."""

    user: User
    has: str
    deadline: datetime | None
    exempt_until: datetime | None


def at_of(rule: Rule, now: datetime) -> datetime:
    """The moment the preview speaks of: when the rule is in force, or now if that is past."""
    return max(now, policy.deadline_of(rule))


def outlook(rule: Rule, query: Mapping[str, str], *, now: datetime) -> dict[str, Any]:
    """The figures of a rule, saved or not, and one page of the people whom it would lock out, or who do not meet it
    with `?show=unmet`."""
    at = at_of(rule, now)
    concerned = User.objects.filter(policy.concerned(rule), is_active=True)
    unmet, out = reckoning.unmet(rule, now), reckoning.locked_out(rule, at)
    shown, then = (unmet, now) if query.get("show") == "unmet" else (out, at)
    page = Paginator(shown.order_by("username"), PER_PAGE).get_page(query.get("page"))
    figures = {
        "concerned": concerned.count(), "nothing": concerned.filter(reckoning.without_factor(now)).count(),
        "unmet": unmet.count(), "locked_out": out.count(), "without_mail": unmet.filter(email="").count(),
    }  # fmt: skip
    return figures | {
        "at": at, "is_past": at <= now, "met": figures["concerned"] - figures["unmet"], "page_obj": page,
        "people": people(list(page), rule, at=then, now=now), "show": "unmet" if shown is unmet else "out",
        "effects": rules.words(rule), "whom": rules.whom(rule),
    }  # fmt: skip


def people(users: list[User], rule: Rule, *, at: datetime, now: datetime) -> list[Person]:
    """These people for the table, with what they have at that moment, in two queries."""
    have = holdings.usable_of_many(users, now=at)
    exempt = {
        one.user_id: one.until for one in Exemption.objects.filter(user__in=users, ended_at=None, until__gt=now)
    }  # fmt: skip
    found = []
    for user in users:
        labels = dict.fromkeys(str(kinds.kind(factor.kind).label) for factor in have[user.pk])
        until = None if user.is_staff else exempt.get(user.pk)
        found.append(Person(user, ", ".join(labels), policy.demand_of(rule, user).deadline, until))
    return found


def csv(rule: Rule, show: str, *, now: datetime) -> Iterable[tuple[object, ...]]:
    """The rows of everybody whom the page lists on all its pages."""
    at = now if show == "unmet" else at_of(rule, now)
    found = reckoning.unmet(rule, now) if show == "unmet" else reckoning.locked_out(rule, at)
    for batch in _batches(found):
        for one in people(batch, rule, at=at, now=now):
            yield (one.user.username, one.user.name, one.user.email, one.has, one.deadline)


def by_day(rule: Rule, *, now: datetime) -> list[tuple[date, int]]:
    """How many of those concerned got their first factor on each of the last days, the newest first."""
    first = Factor.objects.filter(user=OuterRef("pk"), confirmed=True).order_by().values("user")
    since = policy.start_of(timezone.localdate(now) - timedelta(days=DAYS_BACK - 1))
    people_of = User.objects.filter(policy.concerned(rule), is_active=True)
    earliest = Subquery(first.annotate(at=Min("created_at")).values("at"))
    dated = people_of.annotate(first=earliest).filter(first__gte=since)
    counted = dict(dated.annotate(day=TruncDate("first")).order_by().values_list("day").annotate(Count("pk")))
    days = [timezone.localdate(now) - timedelta(days=back) for back in range(DAYS_BACK)]
    return [(day, counted.get(day, 0)) for day in days]


def sample_letter(rule: Rule, reader: User, *, now: datetime) -> dict[str, str]:
    """The mail that people would get, as the reader would get it; not sent."""
    mail = reminders.letter(rule, now=now).mail(reader, reader.email, reminders.day_for(rule, reader, now=now))
    return {"subject": mail.subject, "text": outbox.read(mail)}


def _batches(found: QuerySet[User]) -> Iterable[list[User]]:
    last = 0
    while batch := list(found.filter(pk__gt=last).order_by("pk")[:500]):
        yield batch
        last = batch[-1].pk
