"""Setting codes by mail up and giving them up. Nothing counts before a code came back from the mailbox."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import codes, enrolment, holdings, kinds, limits
from mfa.factors.email import addresses
from mfa.factors.email.factor import KIND, send_code
from mfa.kinds import Purpose
from mfa.models import Delivery, Factor, OneTimeCode
from mfa.outcomes import EMAIL_INCORRECT, EMAIL_NOT_SENT, Expired, Refused, Replayed, Unusable, WrongCode

COUNTED = "confirm-email"
"""Wrong codes are counted under this name; they delay the next try, and no new code forgets them."""


class NoAddress(Unusable):
    """The account has no e-mail address that a code could go to."""

    @property
    def words(self) -> str:
        return _("Your account has no e-mail address. Ask helpdesk to enter one.")


class NeedsAnother(Unusable):
    """The portal itself does not accept codes by mail here, so they cannot be a person's only factor."""

    @property
    def words(self) -> str:
        return _("This portal needs a stronger factor first, such as an app. Set that up, then come back.")


class NothingWaits(Unusable):
    """No code waits under this token: it was used, replaced by a newer one, or never sent."""

    @property
    def words(self) -> str:
        return _("That code was replaced or used. Ask for a new one.")


class AddressChanged(Unusable):
    """The account has another address than the one that the code went to."""

    @property
    def words(self) -> str:
        return _("Your e-mail address has changed meanwhile. Ask for a code to the new one.")


def of(user: User) -> Factor | None:
    """The person's factor by mail, also while it does not work."""
    return Factor.objects.filter(user=user, kind=KIND.slug, confirmed=True).first()


def begin(user: User, *, now: datetime) -> tuple[str, Delivery]:
    """Send a code that confirms the mailbox; any older one ends.

    Returns the code's token and the message. Raises NoAddress, NeedsAnother, Locked, TooManyMessages.
    """
    with transaction.atomic():
        limits.check(limits.lock(limits.of_account(user)), COUNTED, now=now)
        user = enrolment.lock_person(user)
        refuse(user, now=now)
        return send_code(user, Purpose.CONFIRM_EMAIL, template="confirm-email", now=now)


def refuse(user: User, *, now: datetime) -> None:
    """Raises NoAddress or NeedsAnother where the person cannot have codes by mail."""
    if not user.email:
        raise NoAddress(EMAIL_NOT_SENT)
    if not KIND.alone and not any(kinds.kind(one.kind).alone for one in holdings.usable(user, now=now)):
        raise NeedsAnother


def pending(user: User, token: str) -> OneTimeCode:
    """The code that was sent and not used yet, also where it is too old by now. Raises NothingWaits."""
    over = (OneTimeCode.Ending.SPENT, OneTimeCode.Ending.REPLACED)
    found = (
        OneTimeCode.objects.filter(user=user, purpose=Purpose.CONFIRM_EMAIL, token=token)
        .exclude(ending__in=over)
        .first()
    )
    if found is None:
        raise NothingWaits
    return found


def confirm(user: User, token: str, text: str, *, actor: User, now: datetime) -> Factor:
    """The right code makes the mailbox a factor. Raises Refused, with the try counted."""
    with transaction.atomic():
        refused = _spend(user, token, text, now)
        if refused is None:
            return _add(user, actor=actor, now=now)
    raise refused


def remove(user: User, *, actor: User, now: datetime) -> None:
    """Give codes by mail up. Raises enrolment.LastFactor."""
    factor = of(user)
    if factor is not None:
        enrolment.remove(factor, actor=actor, now=now)


def _spend(user: User, token: str, text: str, now: datetime) -> Refused | None:
    """Use the code up; the refusal where there is one, so that the count commits. Joins the transaction."""
    counter = limits.lock(limits.of_account(user))
    user = enrolment.lock_person(user)
    try:
        limits.check(counter, COUNTED, now=now)
        row = codes.spend(user, Purpose.CONFIRM_EMAIL, token, text, wrong=EMAIL_INCORRECT, now=now, kind=KIND.slug)
        if row.target != addresses.fingerprint(user.email):
            raise AddressChanged(EMAIL_NOT_SENT)
        refuse(user, now=now)
    except (WrongCode, Expired, Replayed) as refused:
        limits.fail(counter, COUNTED, now=now)
        return refused
    except Refused as refused:
        return refused
    limits.clear(counter, COUNTED)
    return None


def _add(user: User, *, actor: User, now: datetime) -> Factor:
    """The one factor of the kind, as new; the caller holds the person's row."""
    user = enrolment.lock_person(user)
    row, _made = Factor.objects.update_or_create(
        kind=KIND.slug,
        key=holdings.single_key(user),
        defaults={
            "user": user, "name": str(KIND.label), "state": {addresses.CONFIRMED: addresses.fingerprint(user.email)},
            "failures": 0, "disabled_at": None, "suspended_at": None, "created_at": now, "last_used_at": None,
            "last_used_for": "",
        },
    )  # fmt: skip
    enrolment.confirm(row, actor=actor, now=now)
    return row
