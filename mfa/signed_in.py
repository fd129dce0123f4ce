"""Where a person is signed in: one row for each session, which every request looks up, so that ending one ends it at
once everywhere. And the browsers they came from before: the first sign-in from another one is told."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from accounts import users
from accounts.models import User
from mfa import agents, audit, notifications
from mfa.models import KnownBrowser, OpenSession, Remembered

SEEN_EVERY = timedelta(minutes=1)
"""How often a session in use is written down as seen."""


def begin(user: User, *, agent: str, address: str, now: datetime) -> OpenSession:
    """The row of a new session. `agent` is the User-Agent header."""
    named = agents.describe(agent)
    return OpenSession.objects.create(
        user=user, auth_hash=user.get_session_auth_hash(), browser=named.browser, system=named.system, address=address,
        started_at=now, seen_at=now,
    )  # fmt: skip


def goes_on(pk: int | None, user: User, *, address: str, now: datetime) -> bool:
    """Whether the session with this row was not ended. Notes now and then when and where it was seen."""
    row = OpenSession.objects.filter(pk=pk or 0, user=user).first()
    if row is None:
        return False
    if now - row.seen_at >= SEEN_EVERY:
        OpenSession.objects.filter(pk=row.pk).update(seen_at=now, address=address)
    return True


def keep(pk: int | None, user: User) -> None:
    """The session that made a change of `user` goes on under the hash that the person has now."""
    OpenSession.objects.filter(pk=pk or 0, user=user).update(auth_hash=user.get_session_auth_hash())


def close(pk: int | None) -> None:
    """The session signed out."""
    OpenSession.objects.filter(pk=pk or 0).delete()


def of(user: User, *, now: datetime) -> list[OpenSession]:
    """The person's sessions that are open, the one seen last first."""
    rows = OpenSession.objects.filter(
        user=user,
        auth_hash=user.get_session_auth_hash(),
        seen_at__gt=now - timedelta(seconds=settings.SESSION_COOKIE_AGE) - SEEN_EVERY,
        started_at__gt=now - settings.SESSION_ABSOLUTE_AGE,
    )
    return list(rows.order_by("-seen_at", "-pk"))


@transaction.atomic
def end(row: OpenSession, *, actor: User) -> None:
    """Sign one session out, wherever it is."""
    gone, _ = OpenSession.objects.filter(pk=row.pk).delete()
    if gone:
        name = " ".join(part for part in (row.browser, row.system) if part)
        audit.record("session.ended", user=row.user, actor=actor, name=name)


@transaction.atomic
def end_all(user: User, *, actor: User) -> None:
    """Sign the person out everywhere, and forget what applications remember of them."""
    OpenSession.objects.filter(user=user).delete()
    Remembered.objects.filter(user=user).delete()
    users.move_epoch(user)
    audit.record("sessions.ended", user=user, actor=actor)


@transaction.atomic
def forget_remembered(user: User, *, actor: User) -> None:
    """Let every application ask for a code again."""
    gone, _ = Remembered.objects.filter(user=user).delete()
    if gone:
        audit.record("memory.forgotten", user=user, actor=actor)


@transaction.atomic
def forget_one(row: Remembered, *, actor: User) -> None:
    """Let what one row spares be asked for again."""
    gone, _ = Remembered.objects.filter(pk=row.pk).delete()
    if gone:
        name = row.application.name if row.application else ""
        audit.record("memory.one-forgotten", user=row.user, actor=actor, name=name, address=row.address)


@transaction.atomic
def greet(user: User, mark: str, *, agent: str, address: str, now: datetime) -> str:
    """Tell the person of a sign-in from a browser that they never used before; the very first one is no news.

    `mark` is what the browser's cookie says, or empty. Returns what the cookie is to say from now on.
    """
    mark = mark or secrets.token_urlsafe(16)
    first_of_all = not KnownBrowser.objects.filter(user=user).exists()
    known, new = KnownBrowser.objects.get_or_create(
        user=user, mark=_hash(user, mark), defaults={"first_seen_at": now, "seen_at": now}
    )
    if not new:
        KnownBrowser.objects.filter(pk=known.pk).update(seen_at=now)
    elif not first_of_all:
        named = agents.describe(agent)
        told = {"browser": named.browser, "system": named.system, "address": address, "at": now}
        notifications.tell(user, "new-browser", told, now=now)
    return mark


def _hash(user: User, mark: str) -> str:
    return salted_hmac("mfa.signed_in", f"{user.pk}:{mark}", algorithm="sha256").hexdigest()
