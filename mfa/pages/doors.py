"""The applications beyond the portal (VPN gateways) and whether a person is ready for each of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from mfa import applications, kinds
from mfa.kinds import Answers
from mfa.models import Application, Factor

MOST = 50


@dataclass(frozen=True, slots=True)
class Door:
    """One application as the person sees it; `ready` where one of their factors answers there."""

    slug: str
    name: str
    ready: bool
    accepts: list[str]


def of(factors: list[Factor]) -> list[Door]:
    """Every application in use; where there is none yet, the one that a gateway would be."""
    rows = list(Application.objects.filter(active=True)[:MOST])
    if not rows:
        return [_door(applications.ANY, _("VPN"), applications.accepted_kinds(applications.ANY), factors)]
    return [_door(row.slug, row.name, applications.kinds_of(row), factors) for row in rows]


def _door(slug: str, name: str, accepted: frozenset[str], factors: list[Factor]) -> Door:
    """Only what is typed reaches a gateway: a browser's ceremony has no place there."""
    typed = [kind for kind in kinds.registry().values() if kind.slug in accepted and kind.answers is Answers.CODE]
    answering = {kind.slug for kind in typed if kind.signs_in}
    ready = any(factor.kind in answering for factor in factors)
    return Door(slug, name, ready, [str(kind.label) for kind in typed if kind.signs_in])
