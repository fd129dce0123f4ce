"""Of whom an admin asked less of late: exemptions, releases and weaker rules add up, whatever the slices."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from accounts.models import User
from mfa.models import AuditEvent

ONE_BY_ONE = ("exemption.granted", "policy.not-required")
BY_RULE = ("rule.changed", "rule.ended")
NOTED = "asked_less_of"
"""The detail of an event about a rule that names whom it asks less of."""
FEW = 10
"""Of how many people within `FEW_WITHIN` an admin asks less alone. Each counts once, also one approved by a second."""
FEW_WITHIN = timedelta(hours=24)
ENOUGH = FEW + 1
"""So many people stand for all of a rule: with one more it takes two already."""


def too_many(actor: User, people: Iterable[int], *, now: datetime) -> bool:
    """Whether the actor may not ask less of these people (primary keys) alone, after what they did before."""
    return len(_of_late(actor, now) | set(people)) > FEW


def _of_late(actor: User, now: datetime) -> set[int]:
    done = AuditEvent.objects.filter(actor=actor, at__gt=now - FEW_WITHIN)
    found = set(done.filter(action__in=ONE_BY_ONE).exclude(user=None).values_list("user", flat=True))
    for details in done.filter(action__in=BY_RULE).values_list("details", flat=True):
        found.update(details.get(NOTED, ()))
    return found
