"""A number that the directory has in place of a confirmed one: telling the owner while it rests, and refusing it.

Whoever can write in the directory could else take over the account by its phone. The link in the notice needs no
sign-in: the owner may be away from every other factor.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import receiver
from django.utils import timezone

from accounts import users
from accounts.models import User
from accounts.phones import mask
from accounts.portions import portions
from accounts.signals import PhoneChange, phones_announced
from mfa import audit, codes, enrolment, notifications
from mfa.delivery import outbox
from mfa.factors.sms import links
from mfa.factors.sms.refusals import NothingToConfirm
from mfa.kinds import Purpose
from mfa.models import Delivery, OneTimeCode

AT_ONCE = 500


@receiver(phones_announced, dispatch_uid="mfa.factors.sms.tell_of_rest")
def tell(sender: object, *, changes: list[PhoneChange], until: datetime, **more: Any) -> None:
    """Tell the present number and the mailbox of each person, with a link that refuses the new number."""
    now = timezone.now()
    notice = outbox.Circular("phone-announced", {"at": now, "until": until}, now=now, worth_until=until)
    for part in portions(changes, AT_ONCE):
        people = User.objects.filter(is_active=True).in_bulk([change.user_id for change in part])
        told = [change for change in part if change.user_id in people]
        targets = {change.user_id: change.new for change in told}
        issued = codes.issue_many(
            targets, Purpose.REFUSE_PHONE, length=links.LENGTH, alphabet=codes.UNAMBIGUOUS, now=now, until=until
        )
        outbox.queue_many([
            message
            for change in told
            for message in _messages(people[change.user_id], change, issued[change.user_id], notice)
        ])  # fmt: skip


def _messages(
    person: User, change: PhoneChange, issued: codes.Issued, notice: outbox.Circular
) -> Iterator[Delivery]:  # fmt: skip
    own = {"old": mask(change.old), "new": mask(change.new), "refuse_url": links.url("sms:refuse", issued)}
    if mailbox := change.mailbox or person.email:
        yield notice.mail(person, mailbox, own)
    yield notice.sms(person, change.old, own)


def take(token: str, code: str, *, now: datetime) -> User:
    """Refuse the number that the link is about. Raises Refused; NothingToConfirm where it rests no more."""
    return links.take(token, code, Purpose.REFUSE_PHONE, partial(_refuse_target, now=now), now=now)


def _refuse_target(user: User, row: OneTimeCode, *, now: datetime) -> User:
    if user.resting_phone != row.target:
        raise NothingToConfirm
    return _refuse(user, actor=None, reason="link in the notice", now=now)


def refuse(user: User, *, actor: User, now: datetime) -> bool:
    """The owner, signed in, refuses whatever number rests; False where none does."""
    with transaction.atomic():
        user = enrolment.lock_person(user)
        if not user.resting_phone:
            return False
        live = OneTimeCode.objects.filter(user=user, purpose=Purpose.REFUSE_PHONE, ending=OneTimeCode.Ending.LIVE)
        live.update(ending=OneTimeCode.Ending.REPLACED, ended_at=now)
        _refuse(user, actor=actor, reason="", now=now)
    return True


def _refuse(user: User, *, actor: User | None, reason: str, now: datetime) -> User:
    """The mailbox hears of it: the one who refuses may also be somebody who found the old phone. The caller holds the
    person's row."""
    old, new = mask(user.phone), mask(user.resting_phone)
    users.refuse_next(user, user.resting_phone)
    audit.record("phone.refused", user=user, actor=actor, reason=reason, old=old, new=new)
    notifications.tell(user, "phone-refused", {"old": old, "new": new, "at": now}, now=now)
    return user
