"""Where the way leads once a factor is set up."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from accounts.models import User
from mfa import holdings, kinds


def after_enrolment(user: User, *, now: datetime) -> str:
    """A way back in for whoever has none yet, else the dashboard."""
    have = {factor.kind for factor in holdings.usable(user, now=now)}
    backup = (kind.add_url() for kind in kinds.registry().values() if kind.backup and kind.slug not in have)
    return next((url for url in backup if url), reverse("dashboard"))


def after_change(user: User, *, first: bool, now: datetime) -> str:
    """As `after_enrolment` for whoever has set up the `first` factor; the dashboard for whoever had one before."""
    return after_enrolment(user, now=now) if first else reverse("dashboard")
