"""Fresh proof: who changes factors, phone or codes has just shown password and factor, in this very session.

The proof given at sign-in counts; it stays fresh for `PROOF_FRESH_FOR`, then the proof page asks again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from mfa import kinds

SESSION_KEY = "proved_at"
BY = "proved_by"
View = Callable[..., HttpResponse]


def mark(session: SessionBase, *, now: datetime, by: str = "") -> None:
    """Note that this session has just proved who it is, `by` a factor of this kind, or by the password alone."""
    session[SESSION_KEY] = now.timestamp()
    session[BY] = by


def forget(session: SessionBase) -> None:
    """The next change asks for a proof again."""
    session.pop(SESSION_KEY, None)


def kind(session: SessionBase) -> str:
    """The kind of factor that gave the latest proof; empty where it was the password."""
    return str(session.get(BY, ""))


def fresh_until(session: SessionBase, *, now: datetime) -> datetime | None:
    """Until when the session's proof is fresh; None where it is not. A proof from the future is none."""
    stamp = session.get(SESSION_KEY)
    if stamp is None:
        return None
    proved_at = datetime.fromtimestamp(stamp, UTC)
    until: datetime = proved_at + settings.PROOF_FRESH_FOR
    return until if proved_at - timedelta(seconds=1) <= now < until else None


def stands_in(session: SessionBase) -> bool:
    """Whether the latest proof was given by what only stands in for a factor (a recovery code)."""
    proving = kinds.registry().get(kind(session))
    return proving is not None and proving.backup


def is_full(session: SessionBase, *, now: datetime) -> bool:
    """Whether the session's proof is fresh, and good for taking protection away."""
    return fresh_until(session, now=now) is not None and not stands_in(session)


def full_proof_required(view: View) -> View:
    """As `fresh_proof_required`, and a recovery code is not enough. For what takes protection away or acts on others:
    NIST SP 800-63B-4 4.2 lets a recovery bind a new factor, and whoever found password and paper stops there until they
    have shown one."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not is_full(request.session, now=timezone.now()):
            return redirect(f"{reverse('prove_alone')}?{urlencode({'next': request.get_full_path()})}")
        return view(request, *args, **kwargs)

    guarded.needs_fresh_proof = True  # type: ignore[attr-defined]
    return guarded


def fresh_proof_required(view: View) -> View:
    """Send whoever has no fresh proof to the proof page first; a POST without one changes nothing."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if fresh_until(request.session, now=timezone.now()) is None:
            return redirect(f"{reverse('prove')}?{urlencode({'next': request.get_full_path()})}")
        return view(request, *args, **kwargs)

    guarded.needs_fresh_proof = True  # type: ignore[attr-defined]
    return guarded
