"""What the dashboard shows of each factor, and the one next step it recommends."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _, ngettext

from accounts.models import User
from mfa import kinds
from mfa.kinds import CardAction, FactorKind
from mfa.models import Factor

FEW = 3


@dataclass(frozen=True, slots=True)
class Card:
    """One factor as `components/factor_card.html` shows it."""

    kind: FactorKind
    factor: Factor
    described: str
    beside: list[CardAction]
    actions: list[CardAction]
    left: int | None

    @property
    def name(self) -> str:
        """The name the owner gave it; nothing where that is just the kind's label."""
        return "" if self.factor.name == self.kind.label else self.factor.name


@dataclass(frozen=True, slots=True)
class Advice:
    """The most useful next step: what is missing, and the page that mends it."""

    tone: str
    title: str
    words: str
    action: str
    url: str | None


def of(factors: list[Factor]) -> list[Card]:
    """A card for each factor, in the same order."""
    return [_card(kinds.kind(factor.kind), factor) for factor in factors]


def _card(kind: FactorKind, factor: Factor) -> Card:
    actions = kind.actions(factor)
    beside = [action for action in actions if action.beside]
    others = [action for action in actions if not action.beside]
    return Card(kind, factor, kind.describe(factor), beside, others, kind.left(factor))


def missing(user: User, factors: list[Factor]) -> list[FactorKind]:
    """The kinds that the person could add, the strongest first; those that cannot stand alone need another first."""
    have = {factor.kind for factor in factors}
    protected = any(kinds.kind(slug).alone for slug in have)
    offered = [kind for kind in kinds.registry().values() if kind.add_url() and kind.offered(user)]
    addable = [kind for kind in offered if (kind.alone or protected) and not (kind.single and kind.slug in have)]
    return sorted(addable, key=lambda k: k.rank)


def advice(user: User, factors: list[Factor]) -> Advice | None:
    """A first factor, then a way back in, then codes that run out; None when all is well."""
    registry = kinds.registry()
    if not any(registry[factor.kind].alone for factor in factors):
        return _first_factor(user)
    backup = next((k for k in registry.values() if k.add_url() and k.way_back), None)
    if backup is None:
        return None
    held = next((factor for factor in factors if factor.kind == backup.slug), None)
    if held is None:
        return Advice(
            "warn",
            _("One thing is missing: a way back in."),
            _("If your phone is lost or broken, recovery codes let you in. Print them or keep them in a safe place."),
            _("Make recovery codes"),
            backup.add_url(),
        )
    left = backup.left(held)
    if left is None or left > FEW:
        return None
    title = ngettext("Only %(left)d recovery code is left.", "Only %(left)d recovery codes are left.", left)
    words = _("Make new ones while you still can. The old ones then stop working.")
    return Advice("warn", title % {"left": left}, words, _("Make new codes"), backup.add_url())


def first(user: User) -> list[FactorKind]:
    """The kinds that may be the person's first, the strongest first."""
    offered = [kind for kind in kinds.registry().values() if kind.add_url() and kind.alone and kind.offered(user)]
    return sorted(offered, key=lambda kind: kind.rank)


def _first_factor(user: User) -> Advice | None:
    best = next(iter(first(user)), None)
    if best is None:
        return None
    return Advice(
        "warn",
        _("A password alone protects your account."),
        _("Whoever learns it can sign in as you. A second factor stops that; setting one up takes about two minutes."),
        _("Set up: %(label)s") % {"label": best.label},
        best.add_url(),
    )
