"""What a person does with an authenticator app: set one up, move it to a new phone."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import enrolment, holdings
from mfa.factors.totp.factor import KIND, token_of
from mfa.models import Factor
from mfa.oath.codes import Token
from mfa.oath.steps import Memory
from mfa.outcomes import Refused, Unusable

SECRET_BYTES = 20
"""160 bits, the length RFC 4226 4 recommends."""

MOST = 5
"""Apps one person may have."""


class NothingWaiting(Unusable):
    """No app waits for its first code under this id: it expired, was replaced by a newer start, or is set up."""

    @property
    def words(self) -> str:
        return _("This set-up has ended. Start again to get a new QR code.")


class TooMany(Unusable):
    """The person has as many apps as one may have."""

    @property
    def words(self) -> str:
        return _("You have %(most)d authenticator apps already. Remove one first.") % {"most": MOST}


@transaction.atomic
def begin(user: User, *, name: str, now: datetime, replaces: Factor | None = None) -> Factor:
    """A new secret that waits for its first right code; an older waiting one dies. Raises TooMany.

    `replaces` is the app that the new one takes the place of, once confirmed.
    """
    if replaces is None:
        enrolment.lock_person(user)
        _refuse_too_many(user)
    token = Token(secrets.token_bytes(SECRET_BYTES), *_parameters())
    factor = enrolment.begin(user, KIND.slug, token.secret, name=name, now=now)
    factor.state = {
        "algorithm": token.algorithm,
        "digits": token.digits,
        "period": token.period,
        "replaces": replaces.pk if replaces else None,
    }
    factor.save(update_fields=["state"])
    return factor


def waiting(user: User, pk: int | None, *, now: datetime, lock: bool = False) -> Factor:
    """The person's app that waits for its first code. Raises NothingWaiting."""
    found = enrolment.waiting(user, KIND.slug, pk, now=now, lock=lock)
    if found is None:
        raise NothingWaiting
    return found


def confirm(user: User, pk: int | None, code: str, *, now: datetime) -> Factor:
    """The first right code makes the waiting app count. Raises NothingWaiting, TooMany, WrongCode, ClockWrong."""
    with transaction.atomic():
        user = enrolment.lock_judging(user)
        factor = waiting(user, pk, now=now, lock=True)
        memory = Memory()
        try:
            memory.accept(token_of(factor), code, now=now)
        except Refused as refused:
            refusal = refused
        else:
            return _confirmed(user, factor, memory, now)
        enrolment.count_try(factor)
    raise refusal


def _confirmed(user: User, factor: Factor, memory: Memory, now: datetime) -> Factor:
    replaced = holdings.own(user, KIND.slug, factor.state.pop("replaces") or 0)
    factor.state.pop("tries", None)
    factor.state |= memory.state()
    if replaced is None:
        _refuse_too_many(user)
    enrolment.confirm(factor, actor=user, now=now, replaces=replaced)
    return factor


def _refuse_too_many(user: User) -> None:
    if Factor.objects.filter(user=user, kind=KIND.slug, confirmed=True).count() >= MOST:
        raise TooMany


def _parameters() -> tuple[str, int, int]:
    """Most apps know only the first of each: SHA-1, six digits, 30 seconds."""
    return (
        settings.TOTP_ALGORITHM,
        settings.TOTP_DIGITS,
        settings.TOTP_PERIOD,
    )
