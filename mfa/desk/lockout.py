"""Who would be locked out if two-factor sign-in was required of them: shown before it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.forms import BaseForm

from accounts.models import User
from mfa import policy, reckoning

SAMPLES = 20


@dataclass(frozen=True, slots=True)
class Lockout:
    """Of the people asked about, at the moment `at` from which it is required: how many have no factor that can stand
    alone and no exemption, the first of them by name, how many have an exemption instead, and how many of all these no
    mailbox for a reminder."""

    at: datetime
    is_past: bool
    count: int
    names: list[str]
    exempt: int
    without_mail: int

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.names)


def of(people: QuerySet[User], form: BaseForm, *, now: datetime) -> Lockout:
    """Says nothing of whoever has it required already (staff have always), or is no longer active. `form` has the day
    from which it would be required, and the days of grace."""
    at = _at(form, now)
    asked = people.filter(is_active=True, is_staff=False).exclude(policy__required=True)
    bare = reckoning.having_none(asked, at)
    out = bare.exclude(policy.exempt(at))
    names = list(out.order_by("username").values_list("username", flat=True)[:SAMPLES])
    count, everybody = out.count(), bare.count()
    return Lockout(at, at <= now, count, names, everybody - count, without_mail=bare.filter(email="").count())


def _at(form: BaseForm, now: datetime) -> datetime:
    """When what the form says is in force; now where it says no day, or none that can be."""
    given = form.cleaned_data if form.is_bound and not {"starts_on", "grace_days"} & set(form.errors) else {}
    _begins, deadline = policy.span_of(given.get("starts_on"), given.get("grace_days", 0))
    return max(now, deadline or now)
