"""What a person does with recovery codes: have a set made, prove that it was kept.

Until then the new codes themselves lie encrypted in a waiting row, so that a reload shows the same ones; afterwards
only hashes are left, and no page can show them again.
"""

from __future__ import annotations

import hmac
import json
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import enrolment, holdings, kinds
from mfa.factors.recovery import codes
from mfa.factors.recovery.codes import Kept
from mfa.factors.recovery.factor import KIND, keep
from mfa.models import Factor
from mfa.outcomes import RECOVERY_INCORRECT, Unusable, WrongCode


class NothingWaiting(Unusable):
    """No set waits under this id: it expired, was replaced by a newer one, or is in use already."""

    @property
    def words(self) -> str:
        return _("These codes were not confirmed in time, so they do not count. Have new ones made.")


class NeedsAnother(Unusable):
    """Recovery codes stand in for another factor; the person has none."""

    @property
    def words(self) -> str:
        return _("Recovery codes stand in for another factor. Set that up first.")


class NotOfTheSet(WrongCode):
    """What was typed back is none of the codes shown."""

    def __init__(self) -> None:
        super().__init__(RECOVERY_INCORRECT)

    @property
    def words(self) -> str:
        return _("That is none of these codes. Type one of them exactly as it stands on your copy.")


def of(user: User) -> Factor | None:
    """The person's set in use, also a used-up or disabled one."""
    return Factor.objects.filter(user=user, kind=KIND.slug, confirmed=True).first()


def begin(user: User, *, now: datetime) -> Factor:
    """Ten new codes that wait to be confirmed; the old set stays good until then. Raises NeedsAnother."""
    _refuse_alone(user, now)
    sealed = json.dumps({"shown": codes.draw()}).encode()
    return enrolment.begin(user, KIND.slug, sealed, name=str(KIND.label), now=now)


def waiting(user: User, pk: int | None, *, now: datetime, lock: bool = False) -> Factor:
    """The person's set that waits to be confirmed. Raises NothingWaiting."""
    found = enrolment.waiting(user, KIND.slug, pk, now=now, lock=lock)
    if found is None:
        raise NothingWaiting
    return found


def shown(factor: Factor) -> list[str]:
    """The codes of a waiting set, for the owner's eyes. Raises `crypto.Undecryptable`."""
    return [codes.shown(code) for code in _drawn(factor)]


def confirm(user: User, pk: int | None, text: str, *, now: datetime) -> Factor:
    """One code typed back makes the set count, and the old one dies; the typed code stays good.

    Raises NothingWaiting, NeedsAnother, NotOfTheSet.
    """
    with transaction.atomic():
        user = enrolment.lock_judging(user)
        factor = waiting(user, pk, now=now, lock=True)
        _refuse_alone(user, now)
        drawn = _drawn(factor)
        typed = codes.read(text).encode()
        if [code for code in drawn if hmac.compare_digest(code.encode(), typed)]:
            keep(factor, [Kept.of(code) for code in drawn])
            enrolment.confirm(factor, actor=user, now=now, replaces=of(user))
            return factor
        enrolment.count_try(factor)
    raise NotOfTheSet


def _drawn(factor: Factor) -> list[str]:
    return list(json.loads(factor.unseal())["shown"])


def _refuse_alone(user: User, now: datetime) -> None:
    if not any(kinds.kind(factor.kind).alone for factor in holdings.usable(user, now=now)):
        raise NeedsAnother
