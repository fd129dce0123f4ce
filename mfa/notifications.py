"""Notices about an account's safety: to every address that was known before the change. Never dropped, never secret."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from mfa.delivery import outbox


def tell(user: User, template: str, context: dict[str, object], *, now: datetime, also_number: str = "") -> None:
    """Queue one notice to the person's mailbox, and by SMS to `also_number` (a number just replaced) if given.

    Who has no mailbox is told by SMS at the present number. Joins the caller's transaction.
    """
    number = also_number or ("" if user.email else user.phone)
    if user.email:
        outbox.queue_mail(user, user.email, template, context, now=now)
    if number:
        outbox.queue_sms(user, number, template, context, now=now, worth_until=now + outbox.NOTICE_LIFETIME)
