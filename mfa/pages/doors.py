"""The applications beyond the portal (VPN gateways) and whether a person is ready for each of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from mfa import applications, kinds
from mfa.kinds import Answers
from mfa.models import Application, Factor
from mfa.verification import dialogue

MOST = 50
Mode = Application.Mode


@dataclass(frozen=True, slots=True)
class Door:
    """One application as the person sees it: the factors that it asks them for, in its order, and the kinds that it
    accepts and one can set up. `slug` is what the log calls it."""

    slug: str
    name: str
    mode: str
    asks: list[Factor]
    accepts: list[str]

    @property
    def ready(self) -> bool:
        return bool(self.asks)


def of(user: User, usable: list[Factor], *, now: datetime) -> list[Door]:
    """Every application in use; where there is none yet, the one that a gateway would be. `usable` are the
    person's factors that work."""
    factors, rows = dialogue.typed(user, usable, now=now), list(Application.objects.filter(active=True)[:MOST])
    if rows:
        return [_door(row.slug, row.name, row.mode, applications.kinds_of(row), factors) for row in rows]
    accepted = applications.accepted_kinds(applications.ANY)
    return [_door(applications.ANY, _("VPN"), Mode.PASSWORD_THEN_CODE, accepted, factors)]


def _door(slug: str, name: str, mode: str, accepted: frozenset[str], factors: list[Factor]) -> Door:
    typed = [kind for kind in kinds.registry().values() if kind.slug in accepted and kind.answers is Answers.CODE]
    labels = [str(kind.label) for kind in typed if kind.signs_in and not kind.lent]
    asks = [one for one in factors if one.kind in accepted and kinds.kind(one.kind).serves(one, slug)]
    return Door(slug, name, mode, asks, labels)
