"""What a person does with an authenticator app: set one up, move it to a new phone, rename it."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import enrolment
from mfa.factors.totp.factor import KIND, token_of
from mfa.factors.totp.memory import Memory
from mfa.factors.totp.oath import Token
from mfa.models import Factor
from mfa.outcomes import NOTHING_ENROLLED, Refused, Unusable

SECRET_BYTES = 20
"""160 bits, the length RFC 4226 4 recommends."""

MOST = 5
"""Apps one person may have."""

TRIES = 10
"""Wrong codes after which a waiting app has to be set up anew. They guess at one's own secret, which is on the screen,
so they do not count against the account."""


class NothingWaiting(Unusable):
    """No app waits for its first code under this id: it expired, was replaced by a newer start, or is set up."""

    def __init__(self) -> None:
        super().__init__(NOTHING_ENROLLED)

    @property
    def words(self) -> str:
        return _("This set-up has ended. Start again to get a new QR code.")


class TooMany(Unusable):
    """The person has as many apps as one may have."""

    def __init__(self) -> None:
        super().__init__(NOTHING_ENROLLED)

    @property
    def words(self) -> str:
        return _("You have %(most)d authenticator apps already. Remove one first.") % {"most": MOST}


def of(user: User, pk: int) -> Factor | None:
    """The person's own app with this id, set up before; also one that too many wrong codes disabled."""
    return Factor.objects.filter(user=user, kind=KIND.slug, pk=pk, confirmed=True).first()


def own(user: User, pk: int) -> Factor:
    """As `of`, but raises Http404, for pages that are about one app."""
    factor = of(user, pk)
    if factor is None:
        raise Http404
    return factor


def default_name(user: User) -> str:
    """ "Authenticator app", or with the first free number behind it."""
    label = str(KIND.label)
    taken = set(Factor.objects.filter(user=user, kind=KIND.slug, confirmed=True).values_list("name", flat=True))
    names = [label, *(f"{label} {number}" for number in range(2, MOST + 2))]
    return next(name for name in names if name not in taken)


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


def waiting(user: User, pk: int | None, *, now: datetime) -> Factor:
    """The person's app that waits for its first code. Raises NothingWaiting."""
    return _waiting(Factor.objects.all(), user, pk, now)


def confirm(user: User, pk: int | None, code: str, *, now: datetime) -> Factor:
    """The first right code makes the waiting app count. Raises NothingWaiting, TooMany, WrongCode, ClockWrong."""
    with transaction.atomic():
        user = enrolment.lock_person(user)
        factor = _waiting(Factor.objects.select_for_update(), user, pk, now)
        memory = Memory()
        try:
            memory.accept(token_of(factor), code, now=now)
        except Refused as refused:
            refusal = refused
        else:
            return _confirmed(user, factor, memory, now)
        _count(factor)
    raise refusal


def _confirmed(user: User, factor: Factor, memory: Memory, now: datetime) -> Factor:
    replaced = of(user, factor.state.pop("replaces") or 0)
    factor.state.pop("tries", None)
    factor.state |= memory.state()
    if replaced is None:
        _refuse_too_many(user)
    enrolment.confirm(factor, actor=user, now=now, replaces=replaced)
    return factor


def _count(factor: Factor) -> None:
    tries = factor.state.get("tries", 0) + 1
    if tries >= TRIES:
        factor.delete()
        return
    factor.state["tries"] = tries
    factor.save(update_fields=["state"])


def _waiting(factors: QuerySet[Factor], user: User, pk: int | None, now: datetime) -> Factor:
    mine = factors.filter(user=user, kind=KIND.slug, confirmed=False, expires_at__gt=now)
    found = mine.filter(pk=pk or 0).first()
    if found is None:
        raise NothingWaiting
    return found


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
