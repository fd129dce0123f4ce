"""What the dashboard shows of each factor, and the one next step it recommends."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import User
from mfa import kinds
from mfa.kinds import CardAction, FactorKind
from mfa.models import Factor

FEW = 3


@dataclass(frozen=True, slots=True)
class Card:
    kind: FactorKind
    factor: Factor
    described: str
    actions: list[CardAction]
    left: int | None


@dataclass(frozen=True, slots=True)
class Advice:
    """One sentence and the page that acts on it."""

    words: str
    label: str
    url: str | None


def of(user: User, factors: list[Factor]) -> list[Card]:
    return [_card(kinds.kind(factor.kind), factor) for factor in factors]


def _card(kind: FactorKind, factor: Factor) -> Card:
    return Card(kind, factor, kind.describe(factor), kind.actions(factor), kind.left(factor))


def missing(factors: list[Factor]) -> list[FactorKind]:
    """The kinds that the person could add."""
    have = {factor.kind for factor in factors}
    return [k for k in kinds.registry().values() if k.add_url() and not (k.single and k.slug in have)]


def advice(factors: list[Factor]) -> Advice | None:
    """The most useful next step: a first factor, then a way back in, then codes that run out; None when all is well."""
    registry = kinds.registry()
    if not any(registry[factor.kind].alone for factor in factors):
        best = min((k for k in registry.values() if k.add_url() and k.alone), key=lambda k: k.rank, default=None)
        return best and Advice(_("Your account is protected by a password only."), str(best.label), best.add_url())
    backup = next((k for k in registry.values() if k.add_url() and not k.alone), None)
    held = next((factor for factor in factors if not registry[factor.kind].alone), None)
    if backup and held is None:
        return Advice(_("If you lose your phone, there is no way back in yet."), str(backup.label), backup.add_url())
    left = registry[held.kind].left(held) if held else None
    if backup and left is not None and left <= FEW:
        return Advice(_("Only %(left)d recovery codes are left.") % {"left": left}, str(backup.label), backup.add_url())
    return None
