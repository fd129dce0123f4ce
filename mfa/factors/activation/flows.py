"""Typing an activation code: limits -> the code -> audit and log, in one transaction."""

from __future__ import annotations

import time
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import activation, audit, codes, cool_down, enrolment, limits, notifications
from mfa.applications import PORTAL
from mfa.kinds import Purpose
from mfa.models import OneTimeCode
from mfa.outcomes import (
    ACTIVATED,
    ACTIVATION_INCORRECT,
    CODE_EXPIRED,
    CODE_SPENT,
    Expired,
    Refused,
    Replayed,
    WrongCode,
    WrongShape,
)
from mfa.verification import log

SLUG = "activation"


class CodeOver(Expired):
    """The code's time is over, or it was typed wrong too often."""

    @property
    def words(self) -> str:
        return _("This activation code no longer works. Ask helpdesk for a new one; your clock is not the cause.")


class CodeUsed(Replayed):
    """The code has done its one act."""

    @property
    def words(self) -> str:
        return _(
            "This activation code was used already. Ask helpdesk for a new one, and tell them if it was not you "
            "who used it; your clock is not the cause."
        )


class NotTheNewest(WrongCode):
    """A typing error, or a code that a newer one has ended."""

    @property
    def words(self) -> str:
        return _(
            "That is not your newest activation code. Check it and try again, or ask helpdesk for a new one; your "
            "clock is not the cause."
        )


def redeem(user: User, text: str, *, address: str, now: datetime) -> OneTimeCode:
    """Use up the person's newest activation code. Raises Refused, with the wrong guess counted and logged."""
    started = time.monotonic()
    refused: Refused | None = None
    with transaction.atomic():
        try:
            row = _judge(user, normalise(text), now)
        except Refused as caught:
            refused = caught
        log.write(
            user, user.username, refused.result if refused else ACTIVATED, application=PORTAL, address=address,
            now=now, kind=SLUG, seconds=time.monotonic() - started,
        )  # fmt: skip
    if refused:
        raise refused
    return row


def normalise(text: str) -> str:
    """What was typed, as it was drawn; empty where that cannot be an activation code."""
    return codes.read_out(text, length=activation.LENGTH)


def _judge(user: User, code: str, now: datetime) -> OneTimeCode:
    counter = limits.lock(limits.of_account(user))
    limits.check(counter, SLUG, now=now)
    enrolment.lock_person(user)
    if not code:
        raise WrongShape
    latest = activation.newest(user)
    token, sent_by = (latest.token, latest.kind) if latest else ("", "")
    try:
        row = codes.spend(user, Purpose.ACTIVATE, token, code, wrong=ACTIVATION_INCORRECT, now=now, kind=sent_by)
    except WrongCode as refused:
        limits.fail(counter, SLUG, now=now)
        raise NotTheNewest(refused.result) from None
    except Replayed:
        raise CodeUsed(CODE_SPENT) from None
    except Expired:
        raise CodeOver(CODE_EXPIRED) from None
    limits.clear(counter, SLUG)
    cool_down.start(user, now=now)
    audit.record("activation.used", user=user, actor=user)
    notifications.tell(user, "activation-used", {"at": now}, now=now, also_number=user.phone)
    return row
