"""Which of a person's factors an application can ask for, and whether a code of one can be typed there."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from mfa import applications, kinds, preferences
from mfa.kinds import Answer, Answers, Purpose
from mfa.models import Application, Factor


def typed(user: User, usable: list[Factor], *, now: datetime) -> list[Factor]:
    """Of the person's usable factors those that an application can ask for, in its order: what they prefer, then the
    strongest. What is no code cannot be typed there, and what a rule takes away is not asked for."""
    allowed = applications.allowed(user, frozenset(kinds.registry()), now=now)
    return typable(preferences.in_order(user, usable), allowed)


def typable(factors: list[Factor], allowed: frozenset[str]) -> list[Factor]:
    """Those of the factors, in their order, whose kind is allowed and whose answer is a code."""
    return [one for one in factors if one.kind in allowed and kinds.kind(one.kind).answers is Answers.CODE]


def asked_for(application: Application, found: list[Factor]) -> list[Factor]:
    """Those of what `typed` found that this application can ask for, in its order."""
    accepted, slug = applications.kinds_of(application), application.slug
    return [one for one in found if one.kind in accepted and kinds.kind(one.kind).serves(one, slug)]


def has_room_for(application: Application, factor: Factor) -> bool:
    """Whether a code of the factor can be typed where this application takes one, without a second prompt being needed:
    in one field only what is known before and, with no separator, as long as the application expects."""
    kind = kinds.kind(factor.kind)
    if application.has_second_prompt or kind.sends:
        return application.has_second_prompt
    any_length = application.mode == Application.Mode.CODE_ONLY or bool(application.separator)
    return any_length or kind.could_match(factor, Answer("0" * application.code_length, Purpose.APPLICATION))
