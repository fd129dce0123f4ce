"""What people choose for themselves: which factor is asked for first, and which advice may rest."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from mfa import audit, holdings, kinds
from mfa.models import Factor, Preference
from mfa.outcomes import Unusable

QUIET_FOR = timedelta(weeks=6)


def of(user: User) -> Preference:
    """What the person chose; whoever chose nothing has the defaults."""
    return Preference.objects.filter(user=user).first() or Preference(user=user)


def in_order(user: User, factors: list[Factor]) -> list[Factor]:
    """The person's factors as given, with the preferred one in front, behind what helpdesk lent. One
    that is not among them counts for nothing."""
    return by(of(user), factors) if len(factors) > 1 else factors


def by(chosen: Preference, factors: list[Factor]) -> list[Factor]:
    """`in_order`, by what the person chose."""
    return sorted(factors, key=lambda factor: not (kinds.kind(factor.kind).lent or is_chosen(chosen, factor)))


def is_chosen(chosen: Preference, factor: Factor) -> bool:
    """Whether the preference names this factor."""
    return (chosen.kind, chosen.key) == (factor.kind, factor.key)


def may_be_first(factor: Factor) -> bool:
    """Whether a factor can be asked for first: the portal accepts it, and it does not run out."""
    return kinds.kind(factor.kind).alone


@transaction.atomic
def prefer(user: User, factor: Factor, *, actor: User, now: datetime) -> None:
    """Ask for this factor first from now on. Raises Unusable where the person cannot sign in with it alone."""
    usable = [(one.kind, one.key) for one in holdings.usable(user, now=now) if may_be_first(one)]
    if (factor.kind, factor.key) not in usable:
        raise Unusable
    Preference.objects.update_or_create(user=user, defaults={"kind": factor.kind, "key": factor.key})
    audit.record_of(factor, "factor.preferred", actor=actor)


def rest_advice(user: User, *, now: datetime) -> None:
    """Say nothing of better kinds of factors for some weeks."""
    Preference.objects.update_or_create(user=user, defaults={"quiet_until": now + QUIET_FOR})
