"""The ceremony that a session has begun: its challenge stays on the server until it is answered, once, or is over."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from accounts.models import User
from mfa.kinds import Ceremony, Purpose

KEY = "ceremony"
LIFETIME = timedelta(minutes=5)


def begin(
    session: SessionBase, ceremony: Ceremony, user: User | None, purpose: Purpose, *, now: datetime
) -> dict[str, Any]:
    """What the browser is told; the session's older ceremony, if any, can no longer be answered. `user` is None where
    nobody has said yet who it is."""
    session[KEY] = {
        "challenge": ceremony.challenge,
        "purpose": purpose.value,
        "user": user.pk if user else None,
        "at": now.timestamp(),
    }
    return ceremony.options


def take(session: SessionBase, user: User | None, purpose: Purpose, *, now: datetime) -> str:
    """The challenge that an answer must have signed, which the session forgets with this; empty where none lives for
    this person and purpose."""
    kept = session.pop(KEY, None)
    if kept is None or kept["purpose"] != purpose.value or kept["user"] != (user.pk if user else None):
        return ""
    alive = 0 <= now.timestamp() - kept["at"] < LIFETIME.total_seconds()
    return str(kept["challenge"]) if alive else ""
