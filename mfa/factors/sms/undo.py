"""The way back after a change of number that the owner did not make: a link, for 72 hours, that works once.

The link restores the number that was there before the *first* change of those hours, so that changing it twice does not
shake the owner off; that number hears of every change.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from accounts import owners, users
from accounts.models import PhoneSource, User
from accounts.phones import mask
from mfa import audit, codes, holdings, notifications, policy
from mfa.factors.sms import links, notices
from mfa.factors.sms.refusals import NumberTaken
from mfa.kinds import Purpose
from mfa.models import OneTimeCode

LIFETIME = timedelta(hours=72)


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
        user,
        Purpose.UNDO_PHONE,
        length=links.LENGTH,
        alphabet=codes.UNAMBIGUOUS,
        lifetime=LIFETIME,
        now=now,
        target=target,
    )
    return Offer(links.url("sms:undo", issued), Number.packed(target).e164, issued.row.expires_at)


def forgotten_with(user: User, e164: str) -> str:
    """The directory's number that rests, and waits no more once the person has `e164` again; empty where none does."""
    return user.resting_phone if user.resting_phone != e164 else ""


def take(token: str, code: str, *, now: datetime) -> User:
    """Put the number back, end every session and say so everywhere; the link works once. Raises Refused; NumberTaken
    where somebody else has the number by now and each may have one owner only."""
    try:
        return links.take(token, code, Purpose.UNDO_PHONE, partial(_restore, now=now), now=now)
    except NumberTaken:
        user = links.offered(token, Purpose.UNDO_PHONE).user
        audit.record("phone.restore-refused", user=user, actor=None, reason="another account has the number")
        raise


def _restore(user: User, row: OneTimeCode, *, now: datetime) -> User:
    """Where no factor is left, the link must not make the password enough."""
    number, gone = Number.packed(row.target), user.phone
    if owners.refuses(user, number.e164):
        raise NumberTaken
    waiting = forgotten_with(user, number.e164)
    with notifications.told_by_the_act():
        source = PhoneSource(number.source)
        users.set_phone(user, number.e164, source=source, confirmed_at=number.confirmed_at, actor=None)
    if not holdings.opening(user, now=now):
        policy.demand_activation(user, demanded=True)
    details = {"old": mask(gone), "new": mask(number.e164), "source": number.source}
    details |= {"waits no more": mask(waiting)} if waiting else {}
    audit.record("phone.restored", user=user, actor=None, reason="undo link", **details)
    notices.tell_restored(user, waiting, now=now)
    return user
