"""What the dashboard shows of each factor, and which others the person could add."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import applications, kinds, preferences
from mfa.applications import PORTAL
from mfa.kinds import FactorKind
from mfa.known import Known
from mfa.models import Factor, Preference
from mfa.notes import CardAction
from mfa.pages.preferred import mark

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
    tone: str
    state: str
    used_for: str
    first: bool = False
    make_first: str = ""

    @property
    def name(self) -> str:
        """The name the owner gave it; nothing where that is just the kind's label."""
        return "" if self.kind.says_no_more(self.factor.name) else self.factor.name


def of(known: Known) -> list[Card]:
    """A card for each usable factor: what is asked for first in front, then in their order."""
    factors, chosen = known.usable, known.chosen
    names = application_names(factors)
    ordered = sorted(factors, key=lambda one: not preferences.is_chosen(chosen, one))
    choosable = sum(preferences.may_be_first(factor) for factor in factors) > 1
    return [_usable(factor, chosen, names, choosable=choosable) for factor in ordered]


def _usable(factor: Factor, chosen: Preference, names: dict[str, str], *, choosable: bool) -> Card:
    kind = kinds.kind(factor.kind)
    left = kind.left(factor)
    actions = kind.actions(factor)
    beside = [action for action in actions if action.beside]
    ends = [action for action in actions if action.danger]
    others = [action for action in actions if not action.beside and not action.danger]
    tone, state = ("warn", _("Few left")) if left is not None and left <= FEW else ("ok", _("Ready"))
    used_for = names.get(factor.last_used_for, factor.last_used_for)
    offered = [*_test(kind, left), *others, *_lost(factor), *ends]
    card = Card(kind, factor, kind.describe(factor), beside, offered, left, tone, state, used_for)
    return replace(card, **_at_sign_in(factor, chosen)) if choosable and preferences.may_be_first(factor) else card


def _test(kind: FactorKind, left: int | None) -> list[CardAction]:
    """Every kind can be tested; a test of codes that run out would only use one up."""
    return [CardAction(_("Test"), f"{reverse('test')}?{urlencode({'way': kind.slug})}")] if left is None else []


def _lost(factor: Factor) -> list[CardAction]:
    """What is on the phone goes with the phone, which has a link of its own."""
    if not kinds.kind(factor.kind).own_device:
        return []
    return [CardAction(_("I lost it"), f"{reverse('lost_phone')}?{urlencode({'gone': mark(factor)})}")]


def _at_sign_in(factor: Factor, chosen: Preference) -> dict[str, Any]:
    if preferences.is_chosen(chosen, factor):
        return {"first": True}
    return {"make_first": f"{reverse('preferred')}?{urlencode({'factor': mark(factor)})}"}


def at_rest(known: Known) -> list[Card]:
    """Cards of what does not work now: reported lost, or switched off after too many wrong codes."""
    rows = [row for row in known.rows if row.confirmed and row.kind in kinds.registry()]
    held = [row for row in rows if row.suspended_at or row.disabled_at]
    return [_held(row) for row in held]


def _held(factor: Factor) -> Card:
    kind = kinds.kind(factor.kind)
    ends = [action for action in kind.actions(factor) if action.danger]
    if factor.suspended_at is None:
        return Card(kind, factor, kind.describe(factor), [], ends, None, "danger", _("Switched off"), "")
    back = CardAction(_("It is back"), reverse("resume", args=[factor.pk]))
    return Card(kind, factor, kind.describe(factor), [], [back, *ends], None, "warn", _("Suspended"), "")


def application_names(factors: list[Factor]) -> dict[str, str]:
    """What people call the applications that the factors were used for, by the name in the log."""
    return applications.names(factor.last_used_for for factor in factors) | {PORTAL: _("this portal")}


def missing(user: User, factors: list[Factor]) -> list[FactorKind]:
    """The kinds that the person could add, the strongest first; those that cannot stand alone need another first."""
    have = {factor.kind for factor in factors}
    protected = any(kinds.kind(slug).alone for slug in have)
    offered = [kind for kind in kinds.registry().values() if kind.add_url() and kind.offered(user)]
    addable = [kind for kind in offered if (kind.alone or protected) and not (kind.single and kind.slug in have)]
    return sorted(addable, key=lambda k: k.rank)


def first(user: User) -> list[FactorKind]:
    """The kinds that may be the person's first, the strongest first."""
    offered = [kind for kind in kinds.registry().values() if kind.add_url() and kind.alone and kind.offered(user)]
    return sorted(offered, key=lambda kind: kind.rank)
