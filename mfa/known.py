"""What pages ask about one person again and again, read once for the whole page. It decides nothing: whoever acts looks
again, under a lock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from mfa import holdings, policy, preferences
from mfa.demands import Asked
from mfa.models import Factor, Preference


@dataclass(frozen=True, slots=True)
class Known:
    """All rows of factors, whatever their state, those factors that work (implied ones too), what is asked of the
    person and what they chose."""

    user: User
    rows: list[Factor]
    usable: list[Factor]
    asked: Asked
    chosen: Preference


def of(user: User, *, now: datetime, asked: Asked | None = None) -> Known:
    """Reads it; `asked` where that is known already."""
    rows = list(Factor.objects.filter(user=user))
    usable = holdings.usable_of(user, rows, now=now)
    return Known(user, rows, usable, asked or policy.of(user, now=now), preferences.of(user))
