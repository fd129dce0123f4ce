"""Activation codes: what a person types before the first factor, after a reset. A password alone then enrols nothing.

Here a code is issued, and here is said whether a session has spent one; typing it is `mfa.factors.activation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts import bulk
from accounts.models import User
from mfa import audit, codes, enrolment, holdings, kinds, notifications, policy
from mfa.codes import Issued
from mfa.delivery import outbox
from mfa.kinds import Purpose
from mfa.models import AuditEvent, Delivery, Factor, OneTimeCode
from mfa.outcomes import Unusable

LENGTH = 12
"""Of 30 characters each: 58 bits."""
LIFETIME = timedelta(hours=24)
BY_SMS_FOR = timedelta(minutes=10)
"""NIST SP 800-63B-4 4.2.1.2; a mail has the 24 hours."""
ENROL_WITHIN = timedelta(hours=1)
"""How long a session that spent its code may take to set up the factor."""
SESSION_KEY = "activated_by"


class HandOver(StrEnum):
    """How the code reaches the person. Shown, it is the agent who hands it over."""

    SHOWN = ""
    SMS = "sms"
    MAIL = "mail"


class NotConfirmed(Unusable):
    """The person has confirmed no address of this kind, or reported the phone lost."""

    @property
    def words(self) -> str:
        return _("No code can be sent there: the address is not confirmed. Have the code shown, and hand it over.")


def ways(user: User, *, now: datetime) -> list[HandOver]:
    """How a code can reach the person: by a message only where a code that went to that address came back."""
    by_phone = [kind for kind in kinds.registry().values() if kind.by_phone and kind.implied(user)]
    lost = Factor.objects.filter(user=user, kind__in=[kind.slug for kind in by_phone], suspended_at__isnull=False)
    found = [HandOver.SHOWN]
    if user.phone_confirmed_at and by_phone and not lost.exists():
        found.append(HandOver.SMS)
    usable = [kinds.kind(factor.kind) for factor in holdings.usable(user, now=now)]
    if any(kind.sends and kind.channel == Delivery.Channel.MAIL for kind in usable):
        found.append(HandOver.MAIL)
    return found


@transaction.atomic
def issue(
    user: User, *, actor: User | None, reason: str, now: datetime, by: HandOver = HandOver.SHOWN, **details: object
) -> Issued:
    """A new activation code, sent if it is not to be shown; the one before ends, with any enrolment it opened. Audited,
    and told without the code. Raises NotConfirmed.

    Sent, it is bound to the kind of factor whose address it goes to, and ends with it (a lost phone, another number or
    mailbox).
    """
    user = enrolment.lock_person(user)
    if by not in ways(user, now=now):
        raise NotConfirmed
    lifetime = BY_SMS_FOR if by is HandOver.SMS else LIFETIME
    issued = codes.issue(
        user, Purpose.ACTIVATE, length=LENGTH, alphabet=codes.UNAMBIGUOUS, lifetime=lifetime, now=now, issued_by=actor,
        kind=kinds.carrier(by.value),
    )  # fmt: skip
    policy.demand_activation(user, demanded=True)
    audit.record("activation.issued", user=user, actor=actor, reason=reason, by=by.value or "shown", **details)
    notifications.tell(user, "activation-issued", {"at": now}, now=now)
    _send(user, issued, by, now=now)
    return issued


def live(people: Iterable[User], *, now: datetime) -> QuerySet[OneTimeCode]:
    """The codes of these people that can still be typed."""
    return _live(now).filter(user__in=people)


def _live(now: datetime) -> QuerySet[OneTimeCode]:
    return OneTimeCode.objects.filter(purpose=Purpose.ACTIVATE, ending=OneTimeCode.Ending.LIVE, expires_at__gt=now)


def end_sent(user_ids: Sequence[int], by: Iterable[str], *, now: datetime) -> None:
    """End the codes of these people that kinds of `by` sent, to numbers or mailboxes that are another's by now.
    Audited. A fixed number of statements for thousands; joins the transaction of the caller, who holds their rows."""
    if not user_ids:
        return
    sent = _live(now).filter(kind__in=by, user__in=bulk.among(user_ids)).select_related("user")
    if rows := list(sent.select_for_update(of=("self",))):
        gone = OneTimeCode.objects.filter(pk__in=bulk.among([row.pk for row in rows]))
        gone.update(ending=OneTimeCode.Ending.MOVED, ended_at=now)
        audit.record_many(_moved(row) for row in rows)


def _moved(row: OneTimeCode) -> AuditEvent:
    reason = "where it went is no longer the person's"
    return audit.event("activation.ended", user=row.user, actor=None, reason=reason, details={"kind": row.kind})


@transaction.atomic
def withdraw(user: User, *, actor: User, reason: str, now: datetime) -> None:
    """End the person's code before it is typed; nothing where there is none. What already enrols with one goes on."""
    user = enrolment.lock_person(user)
    if live([user], now=now).update(ending=OneTimeCode.Ending.REPLACED, ended_at=now):
        audit.record("activation.withdrawn", user=user, actor=actor, reason=reason)


def _send(user: User, issued: Issued, by: HandOver, *, now: datetime) -> None:
    context: dict[str, object] = {"code": grouped(issued.code), "at": now}
    until = issued.row.expires_at
    if by is HandOver.SMS:
        outbox.queue_sms(user, user.phone, "activation-code", context, now=now, worth_until=until)
    elif by is HandOver.MAIL:
        outbox.queue_mail(user, user.email, "activation-code", context, now=now, worth_until=until)


def grouped(code: str) -> str:
    """The code as people read it out: 4-4-4."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def open_enrolment(session: SessionBase, row: OneTimeCode) -> None:
    """Let this session enrol on the strength of the code just spent. Its id changes, as at every step up."""
    session.cycle_key()
    session[SESSION_KEY] = row.pk


def opened(session: SessionBase, user: User, *, now: datetime) -> bool:
    """Whether this session spent the person's latest activation code a moment ago.

    A newer code shuts out whoever used the one before; a reset ends the session itself.
    """
    latest = newest(user) if SESSION_KEY in session else None
    return (
        latest is not None
        and latest.pk == session[SESSION_KEY]
        and latest.ending == OneTimeCode.Ending.SPENT
        and latest.ended_at is not None
        and latest.ended_at <= now + timedelta(minutes=1)
        and now < latest.ended_at + ENROL_WITHIN
    )


def newest(user: User) -> OneTimeCode | None:
    """The code that was issued to the person last, whatever became of it."""
    return OneTimeCode.objects.filter(user=user, purpose=Purpose.ACTIVATE).order_by("-pk").first()
