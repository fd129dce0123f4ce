"""Who would be locked out if two-factor sign-in was required of them: shown before it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import User
from mfa import policy, reckoning

SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Lockout:
    """Of the people asked about: how many have no factor that can stand alone, the first of them by name, how many of
    those an exemption covers now, and how many have no mailbox for a reminder."""

    count: int
    names: list[str]
    exempt: int
    without_mail: int

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.names)


def of(people: QuerySet[User], *, now: datetime) -> Lockout:
    """Says nothing of whoever has it required already (staff have always), or is no longer active."""
    asked = people.filter(is_active=True, is_staff=False).exclude(policy__required=True)
    bare = reckoning.having_none(asked, now)
    names = list(bare.order_by("username").values_list("username", flat=True)[:SAMPLES])
    return Lockout(
        bare.count(), names, exempt=bare.filter(policy.exempt(now)).count(), without_mail=bare.filter(email="").count()
    )
