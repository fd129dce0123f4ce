"""Whether somebody guesses: at many accounts by way of one application, or at one account from many places.

Judged by the rows of the authentication log alone, so that every process, and a restart, sees the same. Nothing is
locked here: the limits do that, and an application that was locked would shut out everybody who is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from mfa import applications
from mfa.authlog.endings import CONDITIONS, Ending
from mfa.models import AuthenticationRecord
from mfa.outcomes import FACTOR_NEW, KIND_NOT_TAKEN, KIND_RULED_OUT, NOTHING_ENROLLED, SENDING_LIMIT, TEMPORARY_OVER

LOOK_BACK = timedelta(hours=1)
NAMES, NAMES_FROM_ONE = 50, 20
"""Names with a wrong answer, and nobody let in under them at the application: at all, and from one address."""
SOURCES, MISSES = 10, 40
"""Addresses that wrong answers about one account came from, and such answers where no addresses are known."""
NO_GUESSES = tuple(
    result.code
    for result in (SENDING_LIMIT, NOTHING_ENROLLED, KIND_NOT_TAKEN, KIND_RULED_OUT, FACTOR_NEW, TEMPORARY_OVER)
)
"""Refused, whatever was typed."""
PART = "guesses"
"""The part of guesses at single accounts: an attack on a thousand of them is one incident. With an application's slug
behind a colon, of those by way of it."""


@dataclass(frozen=True, slots=True)
class Guessing:
    """Trouble of one part. `figures` say how many names or accounts, and the worst of them."""

    part: str
    figures: dict[str, object]


def found(open_parts: set[str], *, now: datetime) -> Iterator[Guessing]:
    """What is going on. A part that somebody was told of stays until it fell below half of what raised it."""
    missed = _missed(now)
    yield from _at_applications(missed, open_parts, now)
    yield from _at_accounts(missed, open_parts)


def _missed(now: datetime) -> QuerySet[AuthenticationRecord]:
    rows = AuthenticationRecord.objects.filter(CONDITIONS[Ending.REFUSED], at__gt=now - LOOK_BACK, at__lte=now)
    return rows.exclude(code__in=NO_GUESSES).exclude(application=applications.TRYING).order_by()


def _at_applications(missed: QuerySet[AuthenticationRecord], open_parts: set[str], now: datetime) -> Iterator[Guessing]:
    """Whoever mistypes and then gets in is no guess."""
    let_in = AuthenticationRecord.objects.filter(
        at__gt=now - LOOK_BACK, accepted=True, application=OuterRef("application"), username=OuterRef("username")
    )
    names = Count("username", distinct=True)
    strange = missed.filter(~Exists(let_in))
    by_application = strange.values_list("application").annotate(names=names)
    by_address = strange.exclude(address="").values_list("application", "address").annotate(names=names)
    worst: dict[str, tuple[str, int]] = {}
    for application, address, count in by_address.filter(names__gte=NAMES_FROM_ONE // 2).order_by("names"):
        worst[application] = (address, count)
    for application, count in by_application.filter(names__gte=NAMES_FROM_ONE // 2):
        part = f"{PART}:{application}"
        address, at_one = worst.get(application, ("", 0))
        share = 2 if part in open_parts else 1
        if count * share >= NAMES or at_one * share >= NAMES_FROM_ONE:
            yield Guessing(part, {"names": count, "address": address, "from_one": at_one})


def _at_accounts(missed: QuerySet[AuthenticationRecord], open_parts: set[str]) -> Iterator[Guessing]:
    share = 2 if PART in open_parts else 1
    sources = Count("address", distinct=True, filter=~Q(address=""))
    nowhere = Count("pk", filter=Q(address=""))
    by_account = missed.filter(user__isnull=False).values_list("username").annotate(sources=sources, nowhere=nowhere)
    many = by_account.filter(Q(sources__gte=SOURCES // share) | Q(nowhere__gte=MISSES // share))
    accounts = many.count()
    if accounts:
        name, _sources, _nowhere = many.order_by("-sources", "-nowhere", "username")[0]
        yield Guessing(PART, {"accounts": accounts, "most": name})
