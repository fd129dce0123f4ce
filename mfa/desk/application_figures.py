"""How an application fares: its last request, how many were accepted, asked and refused in the last days, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from mfa.authlog import endings, results
from mfa.models import Application, ApplicationKey, AuditEvent, AuthenticationRecord

DAYS = 14
MOST_CAUSES = 8
VERDICTS = {"yes": Count("pk", filter=Q(accepted=True)), "no": Count("pk", filter=Q(accepted=False))}


@dataclass(frozen=True, slots=True)
class Day:
    """Requests of one day; the parts in percent of the fullest day, for bars."""

    day: date
    accepted: int
    refused: int
    accepted_share: int
    refused_share: int


def of_page(application: Application, *, now: datetime) -> dict[str, Any]:
    """Context of the application's page."""
    since = now - timedelta(days=DAYS)
    rows = AuthenticationRecord.objects.filter(application=application.slug, at__gte=since)
    judged = rows.exclude(code__in=endings.ASKED)
    counts = judged.aggregate(**VERDICTS)
    refused = judged.filter(accepted=False).values("code").annotate(count=Count("pk"))
    causes = list(refused.order_by("-count", "code")[:MOST_CAUSES])
    total = counts["yes"] + counts["no"]
    return {
        "days": _days(judged, now), "days_shown": DAYS, "accepted": counts["yes"], "refused": counts["no"],
        "accepted_percent": round(100 * counts["yes"] / total) if total else None,
        "spared": rows.exclude(rule="").count(),
        "causes": [
            (row["code"], results.meaning(row["code"]), row["count"], round(100 * row["count"] / causes[0]["count"]))
            for row in causes
        ],
        "gateways": list(rows.exclude(gateway="").values("gateway").annotate(last=Max("at"), count=Count("pk"))[:20]),
        "refused_keys": AuditEvent.objects.filter(
            action="application.key-refused", details__application=application.slug, at__gte=since
        )[:10],
    }  # fmt: skip


def last_requests(slugs: Iterable[str]) -> dict[str, datetime]:
    """When each application asked last, in one query."""
    rows = AuthenticationRecord.objects.filter(application__in=list(slugs)).order_by()
    return {row["application"]: row["last"] for row in rows.values("application").annotate(last=Max("at"))}


def unknown_keys(*, now: datetime) -> list[AuditEvent]:
    """Who asked with keys that do not work in the last week, the latest few."""
    since = now - timedelta(days=7)
    return list(AuditEvent.objects.filter(action="application.unknown-key", at__gte=since)[:5])


def expiring(keys: Iterable[ApplicationKey], *, now: datetime) -> list[ApplicationKey]:
    """The keys that still work and will not in a month."""
    return [key for key in keys if key.revoked_at is None and now < key.expires_at < now + timedelta(days=30)]


def _days(judged: Any, now: datetime) -> list[Day]:
    """The days from the first one with a request on, those without any too; none where nobody asked."""
    zone = timezone.get_current_timezone()
    rows = judged.annotate(day=TruncDate("at", tzinfo=zone)).values("day").annotate(**VERDICTS).order_by("day")
    found = {row["day"]: (row["yes"], row["no"]) for row in rows}
    if not found:
        return []
    first, most = min(found), max(map(sum, found.values()))
    every = (first + timedelta(days=number) for number in range((timezone.localdate(now) - first).days + 1))
    counted = ((day, *found.get(day, (0, 0))) for day in every)
    return [Day(day, yes, no, round(100 * yes / most), round(100 * no / most)) for day, yes, no in counted]
