"""What a person does with an mOTP app: set one up, change the PIN, renew the secret."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import users
from accounts.models import User
from mfa import audit, cool_down, crypto, enrolment, holdings, limits, notifications
from mfa.factors.motp import judging
from mfa.factors.motp.algorithm import PERIOD, Motp
from mfa.factors.motp.factor import KIND, memory_of, motp_of
from mfa.kinds import kind
from mfa.models import Factor
from mfa.oath.steps import Memory
from mfa.outcomes import UNREADABLE, Refused, Unusable

MOST = 5
"""mOTP apps one person may have."""


class NothingWaiting(Unusable):
    """No app waits for its first code under this id: it expired, was replaced by a newer start, or is set up."""

    @property
    def words(self) -> str:
        return _("This set-up has ended. Start again.")


class TooMany(Unusable):
    """The person has as many as one may have."""

    @property
    def words(self) -> str:
        return _("You have %(most)d mOTP apps already. Remove one first.") % {"most": MOST}


class NeedsAnother(Unusable):
    """The person has no factor that opens the portal, and this one never will."""

    @property
    def words(self) -> str:
        return _("Set up an app or another factor first: mOTP does not sign you in to this portal.")


def new_secret(length: int) -> str:
    """So many random hex digits."""
    return secrets.token_hex(length // 2)


def refuse_another(user: User, *, now: datetime) -> None:
    """Raise TooMany or NeedsAnother where the person may not add one. The caller holds the person's row, or asks."""
    if not any(kind(factor.kind).alone for factor in holdings.usable(user, now=now)):
        raise NeedsAnother
    if Factor.objects.filter(user=user, kind=KIND.slug, confirmed=True).count() >= MOST:
        raise TooMany


@transaction.atomic
def begin(user: User, motp: Motp, *, name: str, shown: bool, now: datetime) -> Factor:
    """A secret that waits for its first right code; an older waiting one dies. Raises TooMany, NeedsAnother.

    `shown` says whether the page shows the secret, as it must where it was made here.
    """
    refuse_another(enrolment.lock_person(user), now=now)
    factor = enrolment.begin(user, KIND.slug, motp.packed(), name=name, now=now)
    factor.state = {"window": _window(), "shown": shown}
    factor.save(update_fields=["state"])
    return factor


def _window() -> int:
    return int(settings.MOTP_TOLERANCE) // PERIOD


def waiting(user: User, pk: int | None, *, now: datetime, lock: bool = False) -> Factor:
    """The person's app that waits for its first code. Raises NothingWaiting."""
    found = enrolment.waiting(user, KIND.slug, pk, now=now, lock=lock)
    if found is None:
        raise NothingWaiting
    return found


def confirm(user: User, pk: int | None, code: str, *, now: datetime) -> Factor:
    """The first right code makes the waiting app count. Raises NothingWaiting, TooMany, NeedsAnother, and what
    `judging.accept` raises."""
    with transaction.atomic():
        user = enrolment.lock_judging(user)
        factor = waiting(user, pk, now=now, lock=True)
        memory = memory_of(factor)
        try:
            judging.accept(motp_of(factor), memory, code, now=now)
        except Refused as refused:
            refusal = refused
        else:
            return _confirmed(user, factor, memory, now)
        if refusal.costs:
            enrolment.count_try(factor)
    raise refusal


def _confirmed(user: User, factor: Factor, memory: Memory, now: datetime) -> Factor:
    for finished in ("tries", "shown"):
        factor.state.pop(finished, None)
    factor.state |= memory.state()
    refuse_another(user, now=now)
    enrolment.confirm(factor, actor=user, now=now)
    return factor


def change_pin(user: User, pk: int, pin: str, code: str, *, now: datetime) -> Factor:
    """A new PIN, proved by a code that the app made with it. Raises Unusable, Locked, and what `judging.accept` raises;
    nothing is changed then. A wrong code counts as a guess at the factor."""
    with transaction.atomic():
        counter = limits.lock(limits.of_account(user))
        limits.check(counter, KIND.slug, now=now)
        user = enrolment.lock_person(user)
        factor = _locked(user, pk)
        motp, memory = Motp(readable(factor).secret, pin), memory_of(factor)
        try:
            judging.accept(motp, memory, code, now=now)
        except Refused as refused:
            refusal = refused
        else:
            limits.clear(counter, KIND.slug)
            return _with_pin(user, factor, motp, memory, now)
        if refusal.costs:
            limits.fail(counter, KIND.slug, now=now)
            factor.state |= memory.state()  # what the refusal spoke of is never accepted, wherever it was said
            factor.save(update_fields=["state"])
    raise refusal


def readable(factor: Factor) -> Motp:
    """The secret and the PIN that it has. Raises Unusable where nobody can read them any more."""
    try:
        return motp_of(factor)
    except crypto.Undecryptable:
        raise Unusable(UNREADABLE) from None


def renew(user: User, pk: int, secret: str, code: str, *, now: datetime) -> Factor:
    """A new secret with the PIN that the app has, proved by a code that the app made of both: a new factor takes the
    old one's place. Raises as `change_pin`, and a wrong code counts as there. A right one clears no count, since who
    typed it chose the secret; for the same reason nothing is noted of what a refusal spoke of."""
    with transaction.atomic():
        counter = limits.lock(limits.of_account(user))
        limits.check(counter, KIND.slug, now=now)
        user = enrolment.lock_person(user)
        old = _locked(user, pk)
        motp, memory = Motp(secret, readable(old).pin), Memory(window=_window())
        try:
            judging.accept(motp, memory, code, now=now)
        except Refused as refused:
            refusal = refused
        else:
            return _instead(old, motp, memory, now)
        if refusal.costs:
            limits.fail(counter, KIND.slug, now=now)
    raise refusal


def _instead(old: Factor, motp: Motp, memory: Memory, now: datetime) -> Factor:
    factor = enrolment.begin(old.user, KIND.slug, motp.packed(), name=old.name, now=now)
    factor.state = {"window": memory.window} | memory.state()
    enrolment.confirm(factor, actor=old.user, now=now, replaces=old)
    return factor


def _locked(user: User, pk: int) -> Factor:
    found = Factor.objects.select_for_update().filter(user=user, kind=KIND.slug, pk=pk, confirmed=True).first()
    if found is None:
        raise Unusable
    return found


def _with_pin(user: User, factor: Factor, motp: Motp, memory: Memory, now: datetime) -> Factor:
    factor.seal(motp.packed())
    factor.state |= memory.state()
    factor.new_since = cool_down.since_when(factor, user)  # whoever has the phone alone becomes able to use it
    factor.save(update_fields=["secret", "state", "new_since"])
    users.move_epoch(user)
    audit.record_of(factor, "factor.pin-changed", actor=user)
    context = {"label": str(KIND.label), "name": factor.name, "at": now}
    notifications.tell(user, "factor-pin-changed", context, now=now)
    return factor
