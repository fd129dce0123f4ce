"""The applications beyond the portal (VPN gateways) and whether a person is ready for each of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from mfa import applications, configured, cool_down, enrolment, kinds, preferences
from mfa.cool_down import Waiting
from mfa.known import Known
from mfa.models import Application, Factor
from mfa.verification import choice

MOST = 50


@dataclass(frozen=True, slots=True)
class Door:
    """One application as the person sees it: the factors whose codes can be typed there, in its order, those that it
    does not take yet, and the kinds that it accepts and one can set up. `slug` is what the log calls it."""

    slug: str
    name: str
    mode: str
    asks: list[Factor]
    waiting: list[Waiting]
    accepts: list[str]

    @property
    def ready(self) -> bool:
        return bool(self.asks)

    @property
    def opens_at(self) -> datetime | None:
        """When it will be ready, where only a factor that is too new stands in the way."""
        return None if self.ready else min((one.until for one in self.waiting), default=None)


def of(known: Known) -> list[Door]:
    """Every application in use, by name; where there is none yet, the one that a gateway would be."""
    allowed = applications.left_by(known.asked, frozenset(kinds.registry()))
    found = choice.typable(preferences.by(known.chosen, known.usable), allowed)
    with configured.held():
        in_use = sorted(configured.current().applications.values(), key=lambda row: (row.name, row.pk))[:MOST]
        rows = in_use or [Application(slug=applications.ANY, name=_("VPN"))]
        return [_door(row, found, known.asked.now) for row in rows]


def closed_without(known: Known, factor: Factor) -> list[str]:
    """The names of the applications where a code of the person can be typed now, and none could any more without the
    factor and all that goes with it. What helpdesk lent is none to count on."""
    rest = enrolment.left_without(known.usable, factor)
    kept = [one for one in rest if not kinds.kind(one.kind).lent]
    still = {door.slug for door in of(replace(known, usable=kept)) if door.ready}
    return [door.name for door in of(known) if door.ready and door.slug not in still | {applications.ANY}]


def _door(row: Application, found: list[Factor], now: datetime) -> Door:
    accepted = applications.kinds_of(row)
    own = [kind for kind in kinds.registry().values() if kind.slug in accepted and kind.signs_in and not kind.lent]
    fitting = [one for one in found if applications.has_room_for(row, one)]
    return Door(
        row.slug, row.name, row.mode,
        asks=choice.asked_for(row, fitting, now=now),
        waiting=cool_down.waiting_at(row, fitting, accepted, now=now),
        accepts=[str(kind.label) for kind in own if row.has_second_prompt or not kind.sends],
    )  # fmt: skip
