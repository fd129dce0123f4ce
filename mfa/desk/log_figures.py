"""What the authentication log says of one person or of one application: figures that stand above their attempts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import applications
from mfa.authlog import endings, results
from mfa.authlog.endings import Ending
from mfa.desk.readonly import is_number_of_a_row
from mfa.models import Application, AuthenticationRecord

DAYS = 14
MOST_ROWS, MOST_CAUSES = 10, 6
LIST = "admin:mfa_authenticationrecord_changelist"
COUNTS = {f"{ending.value}_count": Count("pk", filter=endings.CONDITIONS[ending]) for ending in Ending}


@dataclass(frozen=True, slots=True)
class Row:
    """How often each ending came about at one application, or with one person; in the order of `Ending`."""

    name: str
    url: str
    counts: list[int]
    last: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """The last days of one person or application. `by` heads the rows; `totals` are ending, address and how often,
    `causes` code, meaning, how often and address; `links` lead to whom it is about."""

    title: str
    by: str
    days: int
    totals: list[tuple[Ending, str, int]]
    rows: list[Row]
    causes: list[tuple[int, str, int, str]]
    links: list[tuple[str, str]]


def about(query: Mapping[str, str], *, now: datetime) -> Figures | None:
    """For the one person or application that a list's filters name; None where they name neither."""
    person = query.get("user__id__exact", "")
    if is_number_of_a_row(person):
        user = User.objects.filter(pk=int(person)).first()
        return _of_person(user, now) if user else None
    place = query.get("where", "")
    row = Application.objects.filter(slug=place).first() if place else None
    return _of_application(place, row, now) if row or place in applications.OWN else None


def address(filters: Mapping[str, Any]) -> str:
    """Of the log with these filters."""
    return f"{reverse(LIST)}?{urlencode(filters)}"


def kept() -> str:
    """For how long attempts stay in the log."""
    days = settings.AUTHENTICATION_LOG_DAYS
    if days:
        return _("Attempts are kept for %(days)s days.") % {"days": days}
    return _("Attempts are kept until somebody sets AUTHENTICATION_LOG_DAYS.")


def _of_person(user: User, now: datetime) -> Figures:
    rows = _recent(now).filter(user=user)
    found = list(rows.values("application").annotate(**COUNTS, last=Max("at")).order_by("-last")[:MOST_ROWS])
    names = applications.names(row["application"] for row in found)
    links = [
        (_("The person's page"), reverse("admin:accounts_user_change", args=[user.pk])),
        (_("Why can't they sign in?"), reverse("admin:accounts_user_why", args=[user.pk])),
    ]
    named = [
        _row(names.get(row["application"], row["application"]),
             {"user__id__exact": user.pk, "where": row["application"]}, row)
        for row in found
    ]  # fmt: skip
    title = _("Attempts of %(person)s") % {"person": user.get_full_name() or user.username}
    return _figures(title, _("Application"), rows, named, links, {"user__id__exact": user.pk})


def _of_application(slug: str, row: Application | None, now: datetime) -> Figures:
    rows = _recent(now).filter(application=slug)
    found = rows.exclude(user=None).values("user", "user__username").annotate(**COUNTS, last=Max("at"))
    worst = found.order_by(f"-{Ending.REFUSED.value}_count", "-last")[:MOST_ROWS]
    links = [(_("The application's page"), reverse("admin:mfa_application_change", args=[row.pk]))] if row else []
    named = [_row(one["user__username"], {"user__id__exact": one["user"], "where": slug}, one) for one in worst]
    title = _("Attempts at %(application)s") % {"application": row.name if row else slug}
    return _figures(title, _("Person, most refused first"), rows, named, links, {"where": slug})


def _recent(now: datetime) -> QuerySet[AuthenticationRecord]:
    return AuthenticationRecord.objects.filter(at__gte=now - timedelta(days=DAYS)).order_by()


def _figures(
    title: str, by: str, recent: QuerySet[AuthenticationRecord], rows: list[Row], links: list[tuple[str, str]],
    own: dict[str, Any],
) -> Figures:  # fmt: skip
    totals: dict[str, int] = recent.aggregate(**COUNTS)
    refused = recent.filter(accepted=False).exclude(code__in=endings.ASKED)
    causes = refused.values("code").annotate(count=Count("pk")).order_by("-count", "code")[:MOST_CAUSES]
    return Figures(
        title, by, DAYS,
        [(ending, address(own | {"result": ending.value}), totals[f"{ending.value}_count"]) for ending in Ending], rows,
        [(one["code"], results.meaning(one["code"]), one["count"], address(own | {"result": one["code"]}))
         for one in causes],
        links,
    )  # fmt: skip


def _row(name: str, filters: dict[str, Any], found: Mapping[str, Any]) -> Row:
    return Row(name, address(filters), [found[name] for name in COUNTS], found["last"])
