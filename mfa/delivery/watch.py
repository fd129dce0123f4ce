"""Which messages a session asked for, so that it may watch these and no others on their way."""

from __future__ import annotations

from django.contrib.sessions.backends.base import SessionBase

from mfa.models import Delivery

KEY = "own_messages"
MOST = 5


def remember(session: SessionBase, delivery: Delivery) -> None:
    """Let the session watch one more message; the oldest beyond MOST is forgotten."""
    session[KEY] = [*session.get(KEY, []), delivery.pk][-MOST:]


def is_own(session: SessionBase, delivery_id: int) -> bool:
    """Whether the session asked for the message."""
    return delivery_id in session.get(KEY, [])
