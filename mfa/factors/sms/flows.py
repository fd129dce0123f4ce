"""Changing the phone number: a code goes to the new one; the old one works until the code came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts import owners, users, whose
from accounts.models import PhoneSource, User
from accounts.phones import mask
from mfa import audit, budgets, codes, cool_down, enrolment, holdings, limits, notifications, policy, sms_codes
from mfa.factors.sms import notices, undo
from mfa.factors.sms.factor import KIND
from mfa.factors.sms.refusals import DirectoryDecides, NothingToConfirm, SameNumber, SharedNumber
from mfa.kinds import Purpose
from mfa.models import Delivery, Factor, OneTimeCode
from mfa.outcomes import SMS_INCORRECT, Expired, Refused, Replayed, WrongCode

COUNTED = "confirm-phone"
"""Wrong codes are counted under this name; they delay the next try, and no new code or number forgets them."""


@dataclass(frozen=True, slots=True)
class Started:
    """`token` names the code that was sent; `shared` says that another account has the number too."""

    token: str
    delivery: Delivery
    shared: bool


def start(user: User, e164: str, *, actor: User, now: datetime) -> Started:
    """Send a code to a new number, or to the present one where it `waits`; any older one ends. Raises Locked,
    TooManyMessages, SameNumber, SharedNumber, DirectoryDecides.

    A number refused because others have it costs as much as one that is not, so that nobody tries numbers out.
    """
    with transaction.atomic():
        limits.check(limits.lock(limits.of_account(user)), COUNTED, now=now)
        enrolment.lock_person(user)  # before what a message costs, as helpdesk does who holds two people
        if User.objects.filter(pk=user.pk, phone=e164).exists() and not waits(user):
            raise SameNumber
        _leave_to_directory(user, e164)
        shared = owners.others(user, e164)
        if not (shared and settings.PHONE_SHARED == "refuse"):
            token, delivery = sms_codes.send(
                user, e164, Purpose.CONFIRM_PHONE, template="confirm-phone", now=now, target=e164
            )
            started = "phone.confirm-started" if e164 == user.phone else "phone.change-started"
            audit.record(started, user=user, actor=actor, new=mask(e164))
            return Started(token, delivery, shared and settings.PHONE_SHARED == "warn")
        budgets.spend_message(Delivery.Channel.SMS, user, e164, now=now)
    raise SharedNumber


def waits(user: User) -> bool:
    """Whether the person's present number is still to be confirmed by its owner: nobody did, or a reset or too many
    wrong codes took it out of use. What was reported lost comes back by another way."""
    ended = Factor.objects.filter(user=user, kind=KIND.slug).exclude(confirmed=True, disabled_at=None)
    return KIND.implied(user) and (user.phone_confirmed_at is None or ended.exists())


def pending(user: User, token: str) -> OneTimeCode:
    """The change that waits for its code, also where that code is too old by now. Raises NothingToConfirm."""
    over = (OneTimeCode.Ending.SPENT, OneTimeCode.Ending.REPLACED)
    rows = OneTimeCode.objects.filter(user=user, purpose=Purpose.CONFIRM_PHONE, token=token).exclude(ending__in=over)
    found = rows.first()
    if found is None:
        raise NothingToConfirm
    return found


def finish(user: User, token: str, text: str, *, actor: User, now: datetime) -> Factor:
    """The right code makes the new number count. Returns its factor. Raises Refused, with the try counted."""
    with transaction.atomic():
        counter = limits.lock(limits.of_account(user))
        enrolment.lock_person(user)  # before the code, as where numbers are changed and codes ended
        try:
            limits.check(counter, COUNTED, now=now)
            row = codes.spend(user, Purpose.CONFIRM_PHONE, token, text, wrong=SMS_INCORRECT, now=now, kind=KIND.slug)
            _leave_to_directory(user, row.target)
            if owners.refuses(user, row.target):
                raise SharedNumber
        except (WrongCode, Expired, Replayed) as refused:
            limits.fail(counter, COUNTED, now=now)
            refusal: Refused = refused
        except Refused as refused:
            refusal = refused
        else:
            limits.clear(counter, COUNTED)
            return _replace(user, row.target, actor=actor, now=now)
    raise refusal


def of(user: User) -> Factor:
    """The person's factor by SMS, as it is without a row too; not saved."""
    return Factor(user=user, kind=KIND.slug, key=holdings.single_key(user))


def remove(user: User, *, actor: User, now: datetime) -> None:
    """Take the number away; codes by SMS end with it. Raises enrolment.LastFactor where the person must keep it,
    and DirectoryDecides."""
    _leave_to_directory(user, "")
    with transaction.atomic():
        user = enrolment.lock_judging(user)
        if not user.phone:
            return
        enrolment.let_go(user, of(user), now=now)
        _set(user, "", actor=actor, now=now)


def _replace(user: User, e164: str, *, actor: User, now: datetime) -> Factor:
    user = enrolment.lock_person(user)
    if user.phone == e164:
        _keep(user, actor=actor, now=now)
    else:
        _set(user, e164, actor=actor, now=now)
    policy.demand_activation(user, demanded=False)
    if enrolment.end_lent(user):
        audit.record("temporary.ended", user=user, actor=actor)
    row, _ = Factor.objects.update_or_create(
        kind=KIND.slug,
        key=holdings.single_key(user),
        defaults={
            "user": user, "name": str(KIND.label), "confirmed": True, "failures": 0, "disabled_at": None,
            "suspended_at": None, "expires_at": None, "created_at": now, "last_used_at": None, "last_used_for": "",
            "new_since": cool_down.since(user),
        },
    )  # fmt: skip
    return row


def _set(user: User, e164: str, *, actor: User, now: datetime) -> None:
    """Write the number, the audit row and the notices. The caller holds the person's row."""
    before = undo.Number.of(user)
    link = undo.offer(user, before, now=now)
    lost = Factor.objects.filter(user=user, kind=KIND.slug, suspended_at__isnull=False).exists()
    source = PhoneSource.DIRECTORY if whose.directory_decides(user) else PhoneSource.SELF
    with notifications.told_by_the_act():
        users.set_phone(user, e164, source=source, confirmed_at=now if e164 else None, actor=actor)
    action = "phone.changed" if e164 else "phone.removed"
    audit.record(action, user=user, actor=actor, old=mask(before.e164), new=mask(e164), source=source.value)
    notices.tell(user, before.e164, e164, link, now=now, lost=before.e164 if lost else "")


def _keep(user: User, *, actor: User, now: datetime) -> None:
    """The present number is its owner's from now on, by a code that came back. The caller holds the person's row."""
    source = PhoneSource.DIRECTORY if user.phone_source == PhoneSource.DIRECTORY else PhoneSource.SELF
    with notifications.told_by_the_act():
        users.set_phone(user, user.phone, source=source, confirmed_at=now, actor=actor)
    audit.record("phone.confirmed", user=user, actor=actor, new=mask(user.phone), source=source.value)


def _leave_to_directory(user: User, e164: str) -> None:
    """Where the directory decides, the person may only confirm what the directory has."""
    if whose.directory_decides(user) and e164 not in whose.numbers_in_directory(user):
        raise DirectoryDecides
