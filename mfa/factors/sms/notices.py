"""What is said when a number changes: to the mailbox and to every number that was the person's before."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from accounts.models import User
from accounts.phones import mask
from mfa.delivery import outbox

if TYPE_CHECKING:
    from mfa.factors.sms.undo import Offer


def tell(user: User, old: str, new: str, link: Offer, *, now: datetime, lost: str = "") -> None:
    """Tell of a change by the person: with the link that undoes it, to everybody but the new number, and but for one
    that was reported `lost`: whoever found that phone must not put it back."""
    context: dict[str, object] = {
        "old": mask(old),
        "new": mask(new),
        "at": now,
        "undo_url": link.url,
        "undo_until": link.until,
    }
    if user.email:
        outbox.queue_mail(user, user.email, "phone-changed", context, now=now, worth_until=link.until)
    for number in sorted({old, link.first} - {"", new, lost}):
        outbox.queue_sms(user, number, "phone-changed", context, now=now, worth_until=link.until)


def tell_restored(user: User, waiting: str, *, now: datetime) -> None:
    """Tell that the link was used: to the mailbox, and to the number that is back. `waiting` is the directory's number
    that was to count later and now does not."""
    context: dict[str, object] = {"new": mask(user.phone), "waiting": mask(waiting), "at": now}
    if user.email:
        outbox.queue_mail(user, user.email, "phone-restored", context, now=now)
    if user.phone:
        until = now + outbox.NOTICE_LIFETIME
        outbox.queue_sms(user, user.phone, "phone-restored", context, now=now, worth_until=until)
