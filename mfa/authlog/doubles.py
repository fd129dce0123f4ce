"""Double prompts: people who had to show a factor twice within seconds, and the rules that would have spared them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, QuerySet, Window
from django.db.models.functions import Lag

from mfa import applications
from mfa.authlog.replay import Effect, Proposal, Verification, narrowest, replay, seconds_for
from mfa.models import AuthenticationRecord

COLUMNS = ("pk", "at", "user_id", "application", "gateway", "address", "kind")
MOST_PROPOSALS = 5
MOST_VERIFICATIONS = 20_000
"""How many a page goes through: the newest."""


@dataclass(frozen=True, slots=True)
class Double:
    """Two verifications of one person, side by side."""

    first: Verification
    second: Verification

    @property
    def gap(self) -> timedelta:
        return self.second.at - self.first.at

    @property
    def seconds(self) -> float:
        return self.gap.total_seconds()

    @property
    def proposal(self) -> Proposal:
        """The narrowest rule that would have spared the second."""
        return Proposal(*narrowest(self.first, self.second), seconds_for(self.gap))


def verified(since: datetime) -> QuerySet[AuthenticationRecord]:
    """Every factor that somebody showed to an application, and that no rule had spared."""
    return (
        AuthenticationRecord.objects.filter(at__gte=since, accepted=True, rule="", user__isnull=False)
        .exclude(application__in=applications.OWN)
        .exclude(kind__in=("", "password"))
    )


def pairs(since: datetime, *, within: timedelta) -> QuerySet[AuthenticationRecord, tuple[int, int]]:
    """(pk of the first, pk of the second) of two verifications of one person within the time, the newest first."""
    person, order = F("user_id"), (F("at"), F("pk"))
    return (
        verified(since)
        .annotate(
            before=Window(Lag("pk"), partition_by=person, order_by=order),
            before_at=Window(Lag("at"), partition_by=person, order_by=order),
        )
        .filter(before_at__gte=F("at") - within)
        .order_by("-at", "-pk")
        .values_list("before", "pk")
    )


def of(page: list[tuple[int, int]]) -> list[Double]:
    """The pairs of one page, side by side."""
    rows = AuthenticationRecord.objects.filter(pk__in={pk for pair in page for pk in pair})
    found = {row[0]: Verification(*row) for row in rows.values_list(*COLUMNS)}
    return [Double(found[first], found[second]) for first, second in page]


def proposals(doubles: list[Double]) -> list[Proposal]:
    """The rules that would end the most of these, at most a few; of one scope, application and kind the longest."""
    longest: dict[tuple[str, str, str], int] = {}
    ended: Counter[tuple[str, str, str]] = Counter()
    for double in doubles:
        one = double.proposal
        key = (one.scope, one.application, one.kind)
        ended[key] += 1
        longest[key] = max(longest.get(key, 0), one.seconds)
    return [Proposal(*key, longest[key]) for key, _ in ended.most_common(MOST_PROPOSALS)]


def effects(offered: list[Proposal], since: datetime) -> list[Effect]:
    """What each of the rules would have changed since then; the log is read once."""
    rows = verified(since).order_by("at", "pk").values_list(*COLUMNS)
    past = [Verification(*row) for row in rows.iterator(chunk_size=5000)] if offered else []
    return [replay(one, past) for one in offered]


def bounded(since: datetime) -> datetime:
    """Since then, or later where more verifications than a page may look at lie between."""
    oldest = verified(since).order_by("-at").values_list("at", flat=True)[MOST_VERIFICATIONS - 1 : MOST_VERIFICATIONS]
    return max(since, *oldest) if oldest else since
