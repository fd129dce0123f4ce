"""The ways a person can prove themselves now, and the code that was sent for one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from accounts.models import User
from accounts.requests import address_of
from mfa import enrolment, kinds
from mfa.applications import PORTAL
from mfa.kinds import Answer, FactorKind, Purpose
from mfa.models import Delivery, Factor
from mfa.verification import service
from mfa.verification.service import Attempt, Verdict

CHALLENGE = "challenge"


@dataclass(frozen=True, slots=True)
class Way:
    """One kind of factor that the person has; `factor` is the first of the kind."""

    kind: FactorKind
    factor: Factor

    @property
    def described(self) -> str:
        return self.kind.describe(self.factor)


def of(user: User, *, now: datetime) -> list[Way]:
    """One way for each kind that the person has and the portal accepts, the strongest first."""
    ways: dict[str, Way] = {}
    for factor in enrolment.opening(user, now=now):
        ways.setdefault(factor.kind, Way(kinds.kind(factor.kind), factor))
    return list(ways.values())


def chosen(ways: list[Way], slug: str) -> Way | None:
    """The way that `slug` names, else the first; None where there is none."""
    return next((way for way in ways if way.kind.slug == slug), ways[0] if ways else None)


def judge(request: HttpRequest, user: User, way: Way, text: str, purpose: Purpose, *, now: datetime) -> Verdict:
    """Judge what was typed for `way`, bound to the code that this session asked for."""
    sent = request.session.get(CHALLENGE, {})
    token = sent.get("token", "") if sent.get("purpose") == purpose.value and sent.get("user") == user.pk else ""
    return service.verify(attempt(request, user, Answer(text, purpose, token), kind=way.kind.slug), now=now)


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


def sent(request: HttpRequest, user: User, purpose: Purpose) -> Delivery | None:
    """The message that carries this session's code for `purpose`, if one was asked for."""
    kept = request.session.get(CHALLENGE, {})
    if kept.get("purpose") != purpose.value or kept.get("user") != user.pk:
        return None
    return Delivery.objects.filter(pk=kept["delivery"], user=user).first()
