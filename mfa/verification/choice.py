"""Which of a person's factors an application can ask for, in which order."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from mfa import applications, kinds, preferences
from mfa.kinds import Answers
from mfa.models import Application, Factor


def typed(user: User, usable: list[Factor], *, now: datetime) -> list[Factor]:
    """Of the person's usable factors those that an application can ask for, in its order: what they prefer, then the
    strongest. What is no code cannot be typed there, and what a rule takes away is not asked for."""
    allowed = applications.allowed(user, frozenset(kinds.registry()), now=now)
    return typable(preferences.in_order(user, usable), allowed)


def typable(factors: list[Factor], allowed: frozenset[str]) -> list[Factor]:
    """Those of the factors, in their order, whose kind is allowed and whose answer is a code."""
    return [one for one in factors if one.kind in allowed and kinds.kind(one.kind).answers is Answers.CODE]


def asked_for(application: Application, found: list[Factor], *, now: datetime) -> list[Factor]:
    """Those of what `typed` found that this application can ask for, in its order."""
    return applications.answering(found, applications.kinds_of(application), application.slug, now=now)
