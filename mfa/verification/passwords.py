"""The first step: user name and password, with limits that do not let a stranger lock a person out.

Wrong passwords are counted per account and source address: a right password from another address is never held up by
them. Each guess is paid before it is judged, so that parallel ones cannot outrun the counter.
"""

from __future__ import annotations

import ipaddress
import time
from datetime import datetime

from django.db import transaction

from accounts import names, passwords
from accounts.models import User
from mfa import limits
from mfa.outcomes import (
    ACCOUNT_LOCKED,
    DIRECTORY_UNREACHABLE,
    PASSWORD_WRONG,
    USER_NOT_FOUND,
    Refused,
    Unusable,
)
from mfa.verification import log

APPLICATION = "portal"


class WrongPassword(Refused):
    """User name or password is wrong, or too many were; the outside hears the same of each."""


def check(username: str, password: str, *, address: str, now: datetime) -> User:
    """The person whose password this is. Raises WrongPassword, or Unusable while the directory is out of reach."""
    started = time.monotonic()
    name = names.normalise(username)
    known = User.objects.filter(username=name).first()
    try:
        return _owner(username, password, f"password:{known.pk if known else name}:{source(address)}"[:255], now)
    except Refused as refused:
        result = USER_NOT_FOUND if known is None and refused.result is PASSWORD_WRONG else refused.result
        log.write(
            known, name, result, application=APPLICATION, address=address, now=now, kind="password",
            seconds=time.monotonic() - started,
        )  # fmt: skip
        raise


def _owner(username: str, password: str, subject: str, now: datetime) -> User:
    if not _pay(subject, now):
        raise WrongPassword(ACCOUNT_LOCKED)
    try:
        user = passwords.owner(username, password)
    except passwords.DirectoryUnreachable:
        _give_back(subject)
        raise Unusable(DIRECTORY_UNREACHABLE) from None
    if user is None:
        raise WrongPassword(PASSWORD_WRONG)
    _give_back(subject)
    return user


def source(address: str) -> str:
    """What counts as one source: an IPv4 address, an IPv6 /64; anything unparsable is one source together."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _pay(subject: str, now: datetime) -> bool:
    """Count the guess as wrong before it is judged; False where the source has to wait."""
    with transaction.atomic():
        counter = limits.lock(subject)
        if limits.delayed_until(counter, "password", now=now):
            return False
        limits.fail(counter, "password", now=now)
        return True


def _give_back(subject: str) -> None:
    with transaction.atomic():
        limits.clear(limits.lock(subject), "password")
