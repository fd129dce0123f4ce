"""Activation codes: what a person types before the first factor, after a reset. A password alone then enrols nothing.

Here a code is issued, and here is said whether a session has spent one; typing it is `mfa.factors.activation`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction

from accounts.models import User
from mfa import audit, codes, notifications, policy
from mfa.codes import Issued
from mfa.kinds import Purpose
from mfa.models import OneTimeCode

LENGTH = 12
"""Of 30 characters each: 58 bits."""
LIFETIME = timedelta(hours=24)
ENROL_WITHIN = timedelta(hours=1)
"""How long a session that spent its code may take to set up the factor."""
SESSION_KEY = "activated_by"


@transaction.atomic
def issue(user: User, *, actor: User | None, reason: str, now: datetime, **details: object) -> Issued:
    """A new activation code; the one before ends, with any enrolment it opened. Audited and told without the code."""
    issued = codes.issue(
        user, Purpose.ACTIVATE, length=LENGTH, alphabet=codes.UNAMBIGUOUS, lifetime=LIFETIME, now=now, issued_by=actor
    )
    policy.demand_activation(user, demanded=True)
    audit.record("activation.issued", user=user, actor=actor, reason=reason, **details)
    notifications.tell(user, "activation-issued", {"at": now}, now=now)
    return issued


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
