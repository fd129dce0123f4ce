"""The ways a person can prove themselves now, and the code that was sent for one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from accounts.models import User
from accounts.requests import address_of
from mfa import holdings, kinds, preferences
from mfa.applications import PORTAL, accepted_kinds
from mfa.kinds import Answer, Answers, FactorKind, Purpose
from mfa.models import Delivery, Factor
from mfa.notes import CardAction
from mfa.pages import ceremonies
from mfa.verification import service
from mfa.verification.service import Attempt, Verdict

CHALLENGE = "challenge"


@dataclass(frozen=True, slots=True)
class Way:
    """One kind of factor that the person has: all of the kind, and the `factor` that is asked for."""

    kind: FactorKind
    factor: Factor
    factors: list[Factor]

    @property
    def described(self) -> str:
        return self.kind.describe(self.factor)

    @property
    def runs_out(self) -> bool:
        """Whether each answer is one less (recovery codes)."""
        return self.kind.left(self.factor) is not None

    @property
    def mends(self) -> list[tuple[str, CardAction]]:
        """What can be done where right codes are refused: the name of a factor, and the page that mends it."""
        return [(factor.name, action) for factor in self.factors for action in self.kind.mends(factor)]


def of(user: User, *, now: datetime, application: str = PORTAL) -> list[Way]:
    """One way for each kind that the person has and the application accepts: what the person prefers, then the
    strongest first."""
    ways: dict[str, Way] = {}
    accepted = accepted_kinds(application)
    for factor in preferences.in_order(user, holdings.usable(user, now=now)):
        if factor.kind in accepted and kinds.kind(factor.kind).serves(factor, application):
            way = ways.setdefault(factor.kind, Way(kinds.kind(factor.kind), factor, []))
            way.factors.append(factor)
    return list(ways.values())


def chosen(ways: list[Way], slug: str) -> Way | None:
    """The way that `slug` names, else the first; None where there is none."""
    return next((way for way in ways if way.kind.slug == slug), ways[0] if ways else None)


def judge(
    request: HttpRequest, user: User, way: Way, text: str, purpose: Purpose, *, now: datetime, application: str = PORTAL
) -> Verdict:
    """Judge the answer to `way`, bound to the code that this session asked for, or to the ceremony that it began."""
    if way.kind.answers is Answers.CEREMONY:
        token = ceremonies.take(request.session, user, purpose, now=now)
    else:
        token = _token(request, user, purpose)
    answer = Answer(text, purpose, token)
    return service.verify(Attempt(user, answer, application, address_of(request), way.kind.slug), now=now)


def begin(request: HttpRequest, user: User, way: Way, purpose: Purpose, *, now: datetime) -> dict[str, Any]:
    """Begin the ceremony of `way` in this session; what the browser is told."""
    return ceremonies.begin(request.session, way.kind.ceremony(user, now=now), user, purpose, now=now)


def attempt(request: HttpRequest, user: User, answer: Answer, *, kind: str = "") -> Attempt:
    """What was typed on a page of the portal itself, to be judged by one kind of factor, or by all that it fits."""
    return Attempt(user, answer, PORTAL, address_of(request), kind)


def send(request: HttpRequest, user: User, way: Way, purpose: Purpose, *, now: datetime) -> Delivery:
    """Send a code and bind it to this session. Raises Refused (too many messages, locked)."""
    challenge = service.challenge(way.factor, purpose=purpose, now=now)
    request.session[CHALLENGE] = {
        "token": challenge.token,
        "purpose": purpose.value,
        "user": user.pk,
        "delivery": challenge.delivery.pk,
    }
    return challenge.delivery


def _token(request: HttpRequest, user: User, purpose: Purpose) -> str:
    sent = request.session.get(CHALLENGE, {})
    mine = sent.get("purpose") == purpose.value and sent.get("user") == user.pk
    return str(sent.get("token", "")) if mine else ""


def sent(request: HttpRequest, user: User, purpose: Purpose) -> Delivery | None:
    """The message that carries this session's code for `purpose`, if one was asked for."""
    kept = request.session.get(CHALLENGE, {})
    if kept.get("purpose") != purpose.value or kept.get("user") != user.pk:
        return None
    return Delivery.objects.filter(pk=kept["delivery"], user=user).first()
