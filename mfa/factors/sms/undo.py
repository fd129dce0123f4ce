"""The way back after a change of number that the owner did not make: a link, for 72 hours, that works once.

The link restores the number that was there before the *first* change of those hours, so that changing it twice does not
shake the owner off; that number hears of every change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts import users
from accounts.models import PhoneSource, User
from accounts.phones import mask
from mfa import audit, codes, enrolment, notifications, policy
from mfa.factors.sms import notices
from mfa.factors.sms.refusals import NothingToConfirm
from mfa.kinds import Purpose
from mfa.models import OneTimeCode
from mfa.outcomes import SMS_INCORRECT, Refused

LIFETIME = timedelta(hours=72)
LENGTH = 24
"""Characters of the code: more than 115 bits, beside the token that names its row."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as the person had it, with where it came from and since when it is confirmed."""

    e164: str
    source: str
    confirmed_at: datetime | None

    @classmethod
    def of(cls, user: User) -> Number:
        return cls(user.phone, user.phone_source, user.phone_confirmed_at)

    @classmethod
    def packed(cls, target: str) -> Number:
        e164, source, stamp = target.split("|")
        return cls(e164, source, datetime.fromtimestamp(float(stamp), UTC) if stamp else None)

    def pack(self) -> str:
        stamp = repr(self.confirmed_at.timestamp()) if self.confirmed_at else ""
        return f"{self.e164}|{self.source}|{stamp}"


@dataclass(frozen=True, slots=True)
class Offer:
    """`url` is the link; `first` is the number that it restores."""

    url: str
    first: str
    until: datetime


def offer(user: User, before: Number, *, now: datetime) -> Offer:
    """A link that puts the number back; an older link ends and passes its number on. Joins the transaction."""
    live = OneTimeCode.objects.filter(user=user, purpose=Purpose.UNDO_PHONE, ending="", expires_at__gt=now).first()
    target = live.target if live else before.pack()
    issued = codes.issue(
        user, Purpose.UNDO_PHONE, length=LENGTH, alphabet=codes.UNAMBIGUOUS, lifetime=LIFETIME, now=now, target=target
    )
    path = reverse("sms:undo", args=[issued.row.token, issued.code])
    return Offer(settings.PUBLIC_URL + path, Number.packed(target).e164, issued.row.expires_at)


def offered(token: str) -> OneTimeCode:
    """The offer behind a link, whatever became of it; changes nothing. Raises NothingToConfirm."""
    row = OneTimeCode.objects.filter(token=token, purpose=Purpose.UNDO_PHONE).select_related("user").first()
    if row is None or not row.user.is_active:
        raise NothingToConfirm
    return row


def take(token: str, code: str, *, now: datetime) -> User:
    """Put the number back, end every session and say so everywhere. Raises Refused; the link works once."""
    user = offered(token).user
    with transaction.atomic():
        user = enrolment.lock_person(user)  # before the code, as where codes are issued and ended
        try:
            row = codes.spend(user, Purpose.UNDO_PHONE, token, code, wrong=SMS_INCORRECT, now=now)
        except Refused as refused:
            refusal = refused
        else:
            return _restore(user, Number.packed(row.target), now=now)
    raise refusal


def _restore(user: User, number: Number, *, now: datetime) -> User:
    """The caller holds the person's row. Where no factor is left, the link must not make the password enough."""
    gone = user.phone
    with notifications.told_by_the_act():
        source = PhoneSource(number.source)
        users.set_phone(user, number.e164, source=source, confirmed_at=number.confirmed_at, actor=None)
    if not enrolment.usable(user, now=now):
        policy.demand_activation(user, demanded=True)
    old, new = mask(gone), mask(number.e164)
    audit.record("phone.restored", user=user, actor=None, reason="undo link", old=old, new=new, source=number.source)
    notices.tell_restored(user, now=now)
    return user
