"""The audit trail: one row for every change, written in the transaction that makes the change."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from accounts import trace
from accounts.models import User
from mfa.models import AuditEvent, Factor


def record(action: str, *, user: User | None, actor: User | None, reason: str = "", **details: object) -> None:
    """Add one event. `action` is "noun.verb" (`factor.added`); `actor` is None for the system; `details` are JSON
    values and never hold a secret or a whole phone number."""
    event(action, user=user, actor=actor, reason=reason, details=details).save(force_insert=True)


def record_of(factor: Factor, action: str, *, actor: User | None, **details: object) -> None:
    """Add one event of a factor's life. Its kind, name and id are among the details: `details__factor` finds all
    that ever happened to it, also once its row is gone."""
    named = {"kind": factor.kind, "name": factor.name, "factor": factor.pk}
    event(action, user=factor.user, actor=actor, reason="", details=named | details).save(force_insert=True)


def record_once(action: str, *, within: timedelta, now: datetime, most: int = 1000, **details: object) -> None:
    """Add an event about nobody, unless the same was added a moment ago, or `most` of its kind were: what a caller can
    provoke at will."""
    lately = AuditEvent.objects.filter(action=action, at__gt=now - within)
    if not lately.filter(details=details).exists() and lately.count() < most:
        event(action, user=None, actor=None, reason="", details=details).save(force_insert=True)


def record_many(events: Iterable[AuditEvent]) -> None:
    """Add what `event` made, in the caller's transaction."""
    AuditEvent.objects.bulk_create(events, batch_size=1000)


def event(action: str, *, user: User | None, actor: User | None, reason: str, details: dict[str, object]) -> AuditEvent:
    """An event that is not saved yet, for `record_many`."""
    return AuditEvent(
        action=action,
        user=user,
        username=user.username if user else "",
        actor=actor,
        actor_name=actor.username if actor else "",
        reason=reason[:500],
        details=details,
        address=trace.address.get(),
        request_id=trace.request_id.get(),
    )
