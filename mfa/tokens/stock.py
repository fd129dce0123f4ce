"""The stock of hardware tokens: who holds which, given out and taken back, each with its reason on record.

Locks are taken in this order: the person's counter, the person, the person's factor, the token.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts import users
from accounts.models import User
from mfa import audit, cool_down, enrolment, holdings, kinds, notifications, policy
from mfa.models import Factor, HardwareToken
from mfa.outcomes import Unusable
from mfa.tokens.reading import normal_serial

KIND = "token"
MOST = 5
"""Tokens one person may hold."""


class NotInStock(Unusable):
    """There is no such token, or it is held or lost."""

    @property
    def words(self) -> str:
        return _("No token with this serial number is in stock.")


class TooMany(Unusable):
    """The person holds as many as one may."""

    @property
    def words(self) -> str:
        return _("Nobody can hold more than %(most)d tokens. Give one back first.") % {"most": MOST}


class SwitchedOff(Unusable):
    """Hardware tokens are not among MFA_FACTORS."""

    @property
    def words(self) -> str:
        return _("Hardware tokens are switched off here.")


def free() -> QuerySet[HardwareToken]:
    """Tokens that can be given out."""
    held = Factor.objects.filter(kind=KIND, key=OuterRef("key"))
    return HardwareToken.objects.filter(~Exists(held), lost_at=None)


def holder(token: HardwareToken) -> Factor | None:
    """The factor by which somebody holds the token."""
    return Factor.objects.filter(kind=KIND, key=token.key).select_related("user").first()


def locked(key: str) -> HardwareToken:
    """The token with this key, its row locked. Raises Unusable, also where it was marked as lost: somebody may have
    claimed it at that very moment."""
    found = HardwareToken.objects.select_for_update().filter(key=key, lost_at=None).first()
    if found is None:
        raise Unusable
    return found


def locked_in_stock(serial: str) -> HardwareToken:
    """The free token with this serial, its row locked until the transaction ends. Raises NotInStock."""
    found = HardwareToken.objects.select_for_update().filter(serial=normal_serial(serial)).first()
    if found is None or found.lost_at is not None or holder(found) is not None:
        raise NotInStock
    return found


@transaction.atomic
def assign(user: User, serial: str, *, actor: User, reason: str, now: datetime) -> Factor:
    """Give a token out. Raises NotInStock, TooMany, SwitchedOff, KindNotAllowed."""
    user = enrolment.lock_person(user)
    cool_down.start(user, now=now)
    return hold(user, locked_in_stock(serial), actor=actor, reason=reason, now=now)


def hold(user: User, token: HardwareToken, *, actor: User, reason: str, now: datetime) -> Factor:
    """As `assign`; the caller holds the rows of person and token."""
    if KIND not in kinds.registry():
        raise SwitchedOff
    if Factor.objects.filter(user=user, kind=KIND).count() >= MOST:
        raise TooMany
    name = enrolment.free_name(user, KIND)
    factor = Factor(user=user, kind=KIND, key=token.key, name=name, created_at=now)
    factor.state = {"serial": token.serial, "method": token.method, "digits": token.digits, "period": token.period}
    enrolment.confirm(factor, actor=actor, now=now)
    audit.record("token.assigned", user=user, actor=actor, reason=reason, serial=token.serial)
    return factor


@transaction.atomic
def take_back(token: HardwareToken, *, actor: User, reason: str, now: datetime) -> User | None:
    """Take the token from whoever holds it; None where nobody does. The person is told, sessions end, and without
    another factor that opens the portal the next one needs an activation code."""
    held = holder(token)
    if held is None:
        return None
    user = enrolment.lock_person(held.user)
    Factor.objects.filter(pk=held.pk).delete()
    if not holdings.opening(user, now=now):
        policy.demand_activation(user, demanded=True)
    users.move_epoch(user)
    audit.record("token.taken-back", user=user, actor=actor, reason=reason, serial=token.serial)
    label = str(kinds.kind(KIND).label) if KIND in kinds.registry() else KIND
    notifications.tell(user, "factor-removed", {"label": label, "name": held.name, "at": now}, now=now)
    return user


@transaction.atomic
def lose(token: HardwareToken, *, actor: User, reason: str, now: datetime) -> User | None:
    """Mark a token as lost: it is taken from its holder and can be given to nobody until it is found."""
    user = take_back(token, actor=actor, reason=reason, now=now)
    HardwareToken.objects.filter(pk=token.pk, lost_at=None).update(lost_at=now)
    audit.record("token.lost", user=user, actor=actor, reason=reason, serial=token.serial)
    return user


@transaction.atomic
def find(token: HardwareToken, *, actor: User, reason: str) -> None:
    """Put a lost token back into stock."""
    HardwareToken.objects.filter(pk=token.pk).update(lost_at=None)
    audit.record("token.found", user=None, actor=actor, reason=reason, serial=token.serial)
