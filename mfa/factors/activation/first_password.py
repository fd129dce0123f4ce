"""The first password of a local account: its owner sets it by an activation code, and nobody else ever knows one.

The code stands where the password would: wrong ones are counted for their source, as wrong passwords are, and do not
wear the code out, or whoever knows a name could end every code of that person.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts import names, users
from accounts.models import User
from mfa import activation, audit, codes, cool_down, enrolment, holdings, notifications
from mfa.applications import PORTAL
from mfa.factors.activation import flows
from mfa.kinds import Purpose
from mfa.models import OneTimeCode
from mfa.outcomes import ACTIVATED, ACTIVATION_INCORRECT, Refused, Result, WrongCode
from mfa.verification import log, passwords


def holder(username: str, text: str, *, address: str, now: datetime) -> User:
    """Whose name and live activation code these are, if that person may set a first password. The code stays as it
    was. Raises Refused, counted and logged."""
    secret = passwords.Secret(lambda name, code: _owner(name, code, now), ACTIVATION_INCORRECT, flows.SLUG)
    return passwords.check(username, text, address=address, now=now, secret=secret)


def give(user: User, text: str, password: str, *, address: str, now: datetime) -> OneTimeCode:
    """Use up the code and set the password, which must have passed the validators. Logged, audited and told. Raises
    Refused where the code was spent, or a password set, meanwhile."""
    try:
        return _give(user, text, password, address, now)
    except Refused as refused:
        _log(user, refused.result, address, now)
        raise


@transaction.atomic
def _give(user: User, text: str, password: str, address: str, now: datetime) -> OneTimeCode:
    enrolment.lock_judging(user)
    latest = activation.newest(user)
    token, sent_by = (latest.token, latest.kind) if latest else ("", "")
    code = flows.normalise(text)
    row = codes.spend(user, Purpose.ACTIVATE, token, code, wrong=ACTIVATION_INCORRECT, now=now, kind=sent_by)
    if holdings.opening(user, now=now) or not users.set_first_password(user, password):
        raise WrongCode(ACTIVATION_INCORRECT)
    cool_down.start(user, now=now)
    _log(user, ACTIVATED, address, now)
    audit.record("activation.used", user=user, actor=user)
    audit.record("password.first-set", user=user, actor=user)
    notifications.tell(user, "first-password", {"at": now}, now=now)
    return row


def _owner(username: str, text: str, now: datetime) -> User | None:
    user = User.objects.filter(username=names.normalise(username), is_active=True, directory_id=None).first()
    is_right = codes.is_right(activation.newest(user) if user else None, flows.normalise(text), now=now)
    if user is None or not is_right or user.has_usable_password() or holdings.opening(user, now=now):
        return None
    return user


def _log(user: User, result: Result, address: str, now: datetime) -> None:
    log.write(user, user.username, result, application=PORTAL, address=address, now=now, kind=flows.SLUG)
