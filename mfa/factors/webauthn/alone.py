"""Signing in with a passkey and nothing before it: the question goes to whoever comes, and a passkey says who that is.

The challenge lives in a signed cookie of its own. In the session it would give every visitor a session, and the answer
to a page's own request, arriving late, would overwrite the cookie of a sign-in with the password. That it is used once
is seen to where it is judged.
"""

from __future__ import annotations

import contextlib
import time
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.directory import presence
from accounts.models import User
from accounts.passwords import DirectoryUnreachable
from accounts.requests import address_of
from mfa.applications import PORTAL
from mfa.factors.webauthn import flows, protocol
from mfa.factors.webauthn.factor import KIND
from mfa.factors.webauthn.refusals import NotOfThisAccount, PasskeyRefused
from mfa.kinds import Answer, Purpose
from mfa.outcomes import DIRECTORY_UNREACHABLE, USER_DISABLED, Refused, Unusable
from mfa.pages.ceremonies import LIFETIME
from mfa.verification import log, service
from mfa.verification.service import Attempt, Verdict

SALT = "mfa.webauthn.alone"
REFUSED_AFTER = 0.1
"""Seconds: about what a wrong password costs."""
NOBODYS_KEY = bytes.fromhex(
    "a5010203262001215820"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "225820"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
"""A public key that opens nothing (the base point of P-256): checking against it takes as long as against another."""


def cookie() -> str:
    """The cookie's name, for this host only where the portal has https."""
    return "__Host-passkey" if settings.SESSION_COOKIE_SECURE else "passkey"


def remember(response: HttpResponse, challenge: str) -> None:
    """Leave the challenge with the browser that was asked."""
    response.set_signed_cookie(
        cookie(), challenge, salt=SALT, max_age=LIFETIME, secure=settings.SESSION_COOKIE_SECURE, httponly=True,
        samesite="Strict",
    )  # fmt: skip


def challenge_of(request: HttpRequest) -> str:
    """What this browser was asked; empty where it was not, or too long ago."""
    return str(request.get_signed_cookie(cookie(), default="", salt=SALT, max_age=LIFETIME) or "")


def judge_unhurried(request: HttpRequest, text: str, *, now: datetime) -> Verdict:
    """As `judge`; refusals come at a time at which each of them can be ready, so that the clock tells none apart."""
    ready_at = time.monotonic() + REFUSED_AFTER
    verdict = judge(request, text, now=now)
    if not verdict.accepted:
        time.sleep(max(0.0, ready_at - time.monotonic()))
    return verdict


def judge(request: HttpRequest, text: str, *, now: datetime) -> Verdict:
    """Whether the passkey that answers opens its owner's account. Every refusal is logged here with its cause."""
    started = time.monotonic()
    challenge = challenge_of(request)
    owner = flows.owner_of(text)
    try:
        present = _require_present(owner, text, challenge)
    except Refused as refused:
        log.write(
            owner, owner.username if owner else "", refused.result, application=PORTAL, address=address_of(request),
            kind=KIND.slug, now=now, seconds=time.monotonic() - started,
        )  # fmt: skip
        return Verdict(refused.result, refused=refused)
    answer = Answer(text, Purpose.ALONE, challenge)
    return service.verify(Attempt(present, answer, PORTAL, address_of(request), KIND.slug), now=now)


def _require_present(owner: User | None, text: str, challenge: str) -> User:
    """The owner. No password is asked for, so the directory that would have judged it says whether that one may still
    come in."""
    if owner is None:
        with contextlib.suppress(PasskeyRefused):
            protocol.check_signature(text, challenge, NOBODYS_KEY)
        raise NotOfThisAccount
    try:
        is_there = presence.is_there(owner)
    except DirectoryUnreachable:
        raise Unusable(DIRECTORY_UNREACHABLE) from None
    if not is_there:
        raise Unusable(USER_DISABLED)
    return owner
