"""Remember rules: when an application need not ask for a code again, because one was verified a moment ago.

A memory says "no code is needed now", never "this code is right". It is made under the security epoch that the person
had before the verification and is worth nothing once that moved; it ends at a fixed moment; the portal has none.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q

from accounts.addresses import canonical
from accounts.models import User
from mfa import applications, configured
from mfa.models import Factor, Remembered, RememberRule
from mfa.outcomes import REMEMBERED, REMEMBERED_AT_ADDRESS, REMEMBERED_AT_APPLICATION, Result

Scope = RememberRule.Scope
RESULTS: dict[str, Result] = {
    Scope.USER: REMEMBERED,
    Scope.APPLICATION: REMEMBERED_AT_APPLICATION,
    Scope.ADDRESS: REMEMBERED_AT_ADDRESS,
}


def recall(user: User, application: str, address: str, *, now: datetime) -> Remembered | None:
    """What spares this person a code at this application, from this address, at this moment; with its rule.

    `user` is the person's row as it is now. Anything that cannot be told for sure means None: ask.
    """
    if application in applications.OWN or not configured.current().remember_at(application):
        return None
    living = Remembered.objects.filter(user=user, epoch=user.security_epoch, until__gt=now, at__lte=now)
    valid = living.filter(rule__active=True).filter(Q(rule__application=None) | Q(rule__application__slug=application))
    found = [one for one in valid.select_related("rule", "application") if _fits(one, application, address, now)]
    if not found:
        return None
    accepted = applications.accepted_from(user, application, now=now)
    taken = (one for one in found if one.kind in accepted and applications.takes(application, one.new_since, now=now))
    return next(taken, None)


def remember(factor: Factor, application: str, address: str, *, epoch: int, now: datetime) -> None:
    """Keep a verification by the factor under every rule that it falls under. `epoch` is the person's from before it.
    Joins the transaction that judged the code."""
    rules = [] if application in applications.OWN else configured.current().remember_at(application)
    fitting = [rule for rule in rules if rule.kind in ("", factor.kind)]
    if not fitting:
        return
    row = applications.named(application)
    spot = canonical(address)
    Remembered.objects.bulk_create(
        Remembered(
            rule=rule, user=factor.user, application=row, address=spot if rule.scope == Scope.ADDRESS else "",
            kind=factor.kind, new_since=factor.new_since, epoch=epoch, at=now,
            until=now + timedelta(seconds=rule.seconds),
        )
        for rule in fitting
        if spot or rule.scope != Scope.ADDRESS
    )  # fmt: skip


def forget(user: User) -> None:
    """Drop everything that is remembered about the person."""
    Remembered.objects.filter(user=user).delete()


def _fits(one: Remembered, application: str, address: str, now: datetime) -> bool:
    """By the rule as it is now: a rule that was narrowed or shortened since holds in its new form."""
    rule = one.rule
    at_same = one.application is not None and one.application.slug == application
    in_time = now < one.at + timedelta(seconds=rule.seconds)
    if not in_time or rule.kind not in ("", one.kind):
        return False
    if rule.scope == Scope.USER:
        return True
    if rule.scope == Scope.APPLICATION:
        return at_same
    return at_same and one.address != "" and one.address == canonical(address)
