"""How a person takes a hardware token from stock: its serial number, and a code that only the token can make."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import crypto, enrolment, limits
from mfa.factors.token.factor import KIND
from mfa.models import Factor, HardwareToken
from mfa.outcomes import OATH_INCORRECT, UNREADABLE, Refused, Unusable, WrongCode
from mfa.tokens import judging, stock


class NotTogether(WrongCode):
    """Serial and code do not belong together, or there is no such token to be had: which of it, is not said."""

    def __init__(self) -> None:
        super().__init__(OATH_INCORRECT)

    @property
    def words(self) -> str:
        return _(
            "This serial number and this code do not belong together. Check both; type a code that the token shows now."
        )


def claim(user: User, serial: str, code: str, *, now: datetime) -> Factor:
    """The token with this serial becomes the person's. `code` is one code, or two that follow each other.

    Raises NotTogether, Replayed, Ahead, ClockWrong, TooMany, Locked. Whatever is refused counts as a guess of the
    person's, so that nobody tries serials and codes until two fit.
    """
    with transaction.atomic():
        counter = limits.lock(limits.of_account(user))
        limits.check(counter, KIND.slug, now=now)
        user = enrolment.lock_person(user)
        try:
            token = stock.locked_in_stock(serial)
            _judge(token, code, now)
        except Refused as refused:
            refusal = refused
        else:
            limits.clear(counter, KIND.slug)
            return stock.hold(user, token, actor=user, reason="", now=now)
        limits.fail(counter, KIND.slug, now=now)
    raise refusal if refusal.tells_cause and not isinstance(refusal, stock.NotInStock) else NotTogether


def _judge(token: HardwareToken, code: str, now: datetime) -> None:
    if len(code) not in (token.digits, 2 * token.digits) or not (code.isascii() and code.isdigit()):
        raise NotTogether
    try:
        judging.accept(token, code, now=now)
    except crypto.Undecryptable:
        raise Unusable(UNREADABLE) from None
