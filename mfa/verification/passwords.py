"""The first step: user name and password, with limits that do not let a stranger lock a person out.

Wrong passwords are counted per account and source address, and per account over all addresses that it never signed in
from: a right password from one's usual address is held up by neither. Each guess is paid before it is judged, so that
parallel ones cannot outrun the counters, that of wrong ones from one address about many accounts (`sources`) included.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import addresses, names, passwords
from accounts.models import User
from mfa import budgets, limits
from mfa.applications import PORTAL
from mfa.models import GuessCounter
from mfa.outcomes import (
    ACCOUNT_LOCKED,
    DIRECTORY_UNREACHABLE,
    PASSWORD_WRONG,
    USER_NOT_FOUND,
    Refused,
    Result,
    Unusable,
)
from mfa.verification import log, sources


class WrongPassword(Refused):
    """User name or password is wrong, or too many were; the outside hears the same of each."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What is shown beside the user name: who owns it, what the log calls a wrong one, and its kind there."""

    owner: Callable[[str, str], User | None]
    wrong: Result
    kind: str


PASSWORD = Secret(lambda username, password: passwords.owner(username, password), PASSWORD_WRONG, "password")


def check(
    username: str, password: str, *, address: str, now: datetime, application: str = PORTAL, gateway: str = "",
    secret: Secret = PASSWORD,
) -> User:  # fmt: skip
    """The person whose password (or other `secret`) this is. Raises WrongPassword, or Unusable while the directory is
    out of reach."""
    started = time.monotonic()
    name = names.normalise(username)
    known = User.objects.filter(username=name).first()
    is_usual = sources.is_usual(known, address, application, now)
    is_kept = known is not None and known.directory_id is None and known.has_usable_password()
    guess = Guess(str(known.pk if known else name), address, application, is_usual, is_kept)
    try:
        return _owner(username, password, guess, secret, now)
    except Refused as refused:
        result = USER_NOT_FOUND if known is None and refused.result is secret.wrong else refused.result
        log.write(
            known, name, result, application=application, gateway=gateway, address=address, now=now, kind=secret.kind,
            seconds=time.monotonic() - started,
        )  # fmt: skip
        raise


@dataclass(frozen=True, slots=True)
class Guess:
    """Whose password is guessed (a pk, or a name that is nobody's), from where, whether its owner was let in from there
    lately, and whether the portal keeps the password."""

    account: str
    address: str
    application: str
    is_usual: bool
    is_kept: bool

    @property
    def subject(self) -> str:
        # All that come by way of one application without an address are one source together.
        nowhere = "unknown" if self.application == PORTAL else self.application
        return f"password:{self.account}:{addresses.source(self.address) or nowhere}"[:255]


def _owner(username: str, password: str, guess: Guess, secret: Secret, now: datetime) -> User:
    if not _pay(guess, now):
        raise WrongPassword(ACCOUNT_LOCKED)
    try:
        user = secret.owner(username, password)
    except passwords.DirectoryUnreachable:
        if not guess.is_kept:  # it was wrong, whatever the directory would have said
            _give_back(guess, now, limits.take_back)
        raise Unusable(DIRECTORY_UNREACHABLE) from None
    if user is None:
        raise WrongPassword(secret.wrong)
    _give_back(guess, now, limits.clear)
    return user


@transaction.atomic
def _pay(guess: Guess, now: datetime) -> bool:
    """Count the guess as wrong before it is judged; False where its source, or the account, has to wait. Raises HeldUp,
    and has counted nothing then."""
    counter = limits.lock(guess.subject)
    if limits.delayed_until(counter, "password", now=now):
        return False
    limits.fail(counter, "password", now=now)
    if guess.is_usual:
        return True
    if not budgets.spend_password_guess(guess.account, now=now):
        return False
    sources.pay(guess.address, guess.application, now=now)
    return True


@transaction.atomic
def _give_back(guess: Guess, now: datetime, change: Callable[[GuessCounter, str], object]) -> None:
    """It was not wrong, which `change` says to the counter of its source."""
    change(limits.lock(guess.subject), "password")
    if not guess.is_usual:
        sources.give_back(guess.address, guess.application, paid_at=now)
