"""The words that an application shows a person: short, since a VPN client has one line for them. They tell a stranger
nothing: which factors somebody has is said only after the password was right."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.utils.translation import gettext as _, override

from mfa import kinds
from mfa.kinds import FactorKind
from mfa.models import Factor

HELP = "?"
"""Typed instead of a code, it asks which other words there are."""


def refused() -> str:
    """The same for every cause, and in the deployment's language for everybody: another for some names would tell who
    is known."""
    with override(settings.LANGUAGE_CODE):
        return _("That did not work. Check what you typed; after several wrong tries, wait a little.")


def ask(factor: Factor, others: Sequence[FactorKind]) -> str:
    """The question for a code of one factor, in the person's language; `others` can be asked for by their words."""
    with override(factor.user.language or settings.LANGUAGE_CODE):
        return _question(factor, others)


def _question(factor: Factor, others: Sequence[FactorKind]) -> str:
    kind = kinds.kind(factor.kind)
    where = kind.describe(factor)
    question = _("Code sent to %(where)s") % {"where": where} if kind.sends else str(kind.code_hint)
    words = " / ".join(other.prompt_word for other in others if other.prompt_word)
    return (f"{question} " + _("(or type %(words)s)") % {"words": words} if words else question) + ":"


def chosen(text: str) -> FactorKind | None:
    """The kind whose word was typed instead of a code."""
    word = text.strip().lower()
    return next((kind for kind in kinds.registry().values() if kind.prompt_word and kind.prompt_word == word), None)
