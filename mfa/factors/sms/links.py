"""Links in notices about the number, which need no sign-in: the owner may be locked out of everything else.

A link is a one-time code that names its purpose; looking it up changes nothing, and it is used up with its act or not
at all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.models import User
from mfa import codes, enrolment
from mfa.factors.sms.refusals import NothingToConfirm
from mfa.kinds import Purpose
from mfa.models import OneTimeCode
from mfa.outcomes import SMS_INCORRECT, Refused

LENGTH = 24
"""Characters of the code: more than 115 bits, beside the token that names its row."""
Act = Callable[[User, OneTimeCode], User]


def url(view: str, issued: codes.Issued) -> str:
    """The address to write into a notice."""
    return settings.PUBLIC_URL + reverse(view, args=[issued.row.token, issued.code])


def offered(token: str, purpose: Purpose) -> OneTimeCode:
    """What is behind a link, whatever became of it; changes nothing. Raises NothingToConfirm."""
    row = OneTimeCode.objects.filter(token=token, purpose=purpose).select_related("user").first()
    if row is None or not row.user.is_active:
        raise NothingToConfirm
    return row


def take(token: str, code: str, purpose: Purpose, act: Act, *, now: datetime) -> User:
    """Use the link up and do what it is for, in one transaction, with the person's row held. Raises Refused: where it
    is `act` that refuses, nothing has happened and the link works still."""
    user = offered(token, purpose).user
    with transaction.atomic():
        user = enrolment.lock_person(user)  # before the code, as where codes are issued and ended
        try:
            row = codes.spend(user, purpose, token, code, wrong=SMS_INCORRECT, now=now)
        except Refused as refused:
            refusal = refused
        else:
            return act(user, row)
    raise refusal
