"""Wrong answers about many accounts from one address: it has to wait, but for those who usually come from there.

Where nobody says where a person is (an application without a believed address), there is no source to hold up, and
the application itself is never locked: that would shut everybody out. Its guesses raise an alarm (mfa.health.guesses).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts import addresses
from accounts.models import User
from mfa import budgets
from mfa.applications import ANY, TRYING
from mfa.models import AuthenticationRecord, Budget
from mfa.outcomes import HeldUp

USUAL_FOR = timedelta(days=30)


def locked(user: User, address: str, application: str, *, now: datetime) -> Budget | None:
    """The wrong answers of this address so far, locked until the caller's transaction ends: of answers that are judged
    at the same moment none is past the limit. None where an answer about this account does not count: who usually
    comes from there mistypes, which is no guess at others, and waits for nobody. Raises HeldUp.
    """
    subject = _subject(address, application)
    if not subject or is_usual(user, address, application, now):
        return None
    budget = budgets.misses(subject)
    if budgets.misses_are_spent(budget, now=now):
        raise HeldUp
    return budget


def pay(address: str, application: str, *, now: datetime) -> None:
    """Count an answer about an account that is not usual there as wrong, before it is judged: where that takes too long
    for a lock. Raises HeldUp."""
    subject = _subject(address, application)
    if subject and not budgets.miss(budgets.misses(subject), now=now):
        raise HeldUp


def give_back(address: str, application: str, *, paid_at: datetime) -> None:
    """What was paid at this moment for an answer that was not wrong."""
    subject = _subject(address, application)
    if subject:
        budgets.give_back_miss(budgets.misses(subject), paid_at=paid_at)


def missed(user: User | None, address: str, application: str, *, now: datetime) -> None:
    """Count an answer for which nothing was compared, where there is room."""
    subject = _subject(address, application)
    if subject and not is_usual(user, address, application, now):
        budgets.miss(budgets.misses(subject), now=now)


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
