"""Notices about an account's safety: to every address that was known before the change. Never dropped, never secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from accounts.models import User
from mfa.delivery import outbox

_told: ContextVar[bool] = ContextVar("told_by_the_act", default=False)


@contextmanager
def told_by_the_act() -> Iterator[None]:
    """Around a change whose own flow writes audit row and notices, so that the receiver of its signal does not."""
    token = _told.set(True)
    try:
        yield
    finally:
        _told.reset(token)


def told() -> bool:
    """Whether the change at hand is audited and told by its own flow."""
    return _told.get()


def tell(user: User, template: str, context: dict[str, object], *, now: datetime, also_number: str = "") -> None:
    """Queue one notice to the person's mailbox, and by SMS to `also_number` if given: one just replaced,
    or the present one where somebody came back into an account (NIST SP 800-63B-4 4.6: every address is told).

    Who has no mailbox is told by SMS at the present number. Joins the caller's transaction.
    """
    number = also_number or ("" if user.email else user.phone)
    if user.email:
        outbox.queue_mail(user, user.email, template, context, now=now)
    if number:
        outbox.queue_sms(user, number, template, context, now=now, worth_until=now + outbox.NOTICE_LIFETIME)
