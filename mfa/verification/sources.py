"""Wrong answers about many accounts from one address: it has to wait, but for those who usually come from there.

Where nobody says where a person is (an application without a believed address), there is no source to hold up, and
the application itself is never locked: that would shut everybody out. Its guesses raise an alarm (mfa.health.guesses).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts import addresses
from accounts.models import User
from mfa import limits
from mfa.applications import ANY, TRYING
from mfa.models import AuthenticationRecord

USUAL_FOR = timedelta(days=30)


def held_up(user: User | None, address: str, application: str, *, now: datetime) -> bool:
    """Whether an answer about this account (None for nobody's name) may not be judged now, because of its address.

    Asked before and counted after: what is judged at the same moment may come on top of the limit.
    """
    subject = _subject(address, application)
    return bool(subject) and limits.misses_are_spent(subject, now=now) and not is_usual(user, address, application, now)


def missed(user: User | None, address: str, application: str, *, now: datetime) -> None:
    """Count one wrong answer from an address. Who usually comes from there mistypes; that is no guess at others."""
    subject = _subject(address, application)
    if subject and not is_usual(user, address, application, now):
        limits.spend_miss(subject, now=now)


def is_usual(user: User | None, address: str, application: str, now: datetime) -> bool:
    """Whether the account was let in from this address lately, from this /64 where it is of IPv6; without an address,
    by way of this application."""
    if user is None:
        return False
    own = AuthenticationRecord.objects.filter(user=user, accepted=True, at__gt=now - USUAL_FOR).order_by()
    spot = addresses.source(address)
    if not spot:
        return own.filter(address=address, application=application).exists()
    if "/" not in spot:
        return own.filter(address=spot).exists()
    # No text says that two addresses share a network, but their first groups are the same.
    near = own.filter(address__startswith=spot.partition(":")[0] + ":").values_list("address", flat=True).distinct()
    return any(addresses.source(earlier) == spot for earlier in near)


def _subject(address: str, application: str) -> str:
    """Empty where nothing is held up: no address, or a person's own test of a factor."""
    spot = addresses.source(address)
    return f"misses:{spot}:{application}"[:100] if spot and application not in (TRYING, ANY) else ""
