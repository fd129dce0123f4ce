"""The cool-down of applications: a factor that was set up after a reset, or other help from helpdesk, is not taken at
those that say so for some hours. Whoever talked helpdesk into it reaches the rest at once, and these when the owner has
had time to read the notices.

Here the clock starts, and here is said what waits for it; whether a factor is taken is `applications.answering`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.models import User
from mfa import applications, configured, kinds
from mfa.models import Application, Factor, Policy
from mfa.models.applications import LONGEST_COOL_DOWN
from mfa.outcomes import day_and_time


@dataclass(frozen=True, slots=True)
class Waiting:
    """A factor that works elsewhere, and an application that takes it from `until` on."""

    factor: Factor
    application: Application
    until: datetime

    @property
    def title(self) -> str:
        """What is new, for the person."""
        kind, name = kinds.kind(self.factor.kind), self.factor.name
        named = kind.label if kind.says_no_more(name) or not name else name
        return _("%(name)s is new after a reset or other help from helpdesk.") % {"name": named}

    @property
    def words(self) -> str:
        """From when it is taken, for the person."""
        told = {"application": self.application.name, "at": day_and_time(self.until)}
        return _("%(application)s takes it from %(at)s on.") % told


def start(user: User, *, now: datetime) -> None:
    """Somebody was helped: what is set up from now on is new. It says nothing of what was set up before, be it new
    itself. Joins the caller's transaction."""
    Policy.objects.update_or_create(user=user, defaults={"helped_at": now})


def since(user: User) -> datetime | None:
    """After which help a factor would be new that is set up now; None where there was none."""
    return Policy.objects.filter(user=user).values_list("helped_at", flat=True).first()


def since_when(factor: Factor, user: User) -> datetime | None:
    """`since`, for a factor of the person's that begins to count anew; never an earlier help than it had."""
    return max((at for at in (since(user), factor.new_since) if at), default=None)


def helped(user_ids: Iterable[int], *, now: datetime) -> list[Policy]:
    """Those of the people for whom some application may still wait."""
    earliest = now - timedelta(hours=LONGEST_COOL_DOWN)
    return list(Policy.objects.filter(user__in=list(user_ids), helped_at__gt=earliest).select_related("user"))


def waiting(factors: list[Factor], allowed: frozenset[str], *, now: datetime) -> list[Waiting]:
    """Which of the factors wait for which applications in use, by their names; `allowed` are the kinds that no rule
    takes away. What cannot be typed there waits for nothing. No query where nothing is new."""
    new = [one for one in factors if one.new_since is not None]
    rows = sorted(configured.current().applications.values(), key=lambda row: (row.name, row.pk)) if new else []
    found = [one for row in rows for one in waiting_at(row, new, allowed, now=now)]
    return [one for one in found if applications.has_room_for(one.application, one.factor)]


def waiting_at(
    application: Application, factors: list[Factor], allowed: frozenset[str], *, now: datetime
) -> list[Waiting]:
    """`waiting` for one application, in the order of the factors."""
    accepted = applications.kinds_of(application) & allowed
    serving = applications.serving(factors, accepted, application.slug)
    ends = [(one, applications.taken_from(application, one.new_since, now=now)) for one in serving]
    return [Waiting(one, application, until) for one, until in ends if until is not None]
