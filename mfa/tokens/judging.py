"""Whether a code of a hardware token is right. What is remembered lives in the token's row, whoever holds it."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from django.utils.translation import gettext as _

from mfa import crypto
from mfa.models import HardwareToken
from mfa.oath.codes import Token
from mfa.oath.counters import Counters
from mfa.oath.steps import Memory
from mfa.outcomes import ClockWrong

Remembers = TypeVar("Remembers", Counters, Memory)


class TokenClockWrong(ClockWrong):
    """The clock in the token runs early or late; nobody can set it."""

    @property
    def words(self) -> str:
        if self.drift_seconds < 0:
            fault = _("The token's clock is %(seconds)d seconds late.")
        else:
            fault = _("The token's clock is %(seconds)d seconds early.")
        return fault % {"seconds": abs(self.drift_seconds)} + " " + _("Bring it in step with two codes in a row.")


def accept(token: HardwareToken, text: str, *, now: datetime) -> None:
    """Use one code up, or two that follow each other, which bring the token in step. Raises Replayed, Ahead,
    ClockWrong, WrongCode, and `crypto.Undecryptable`. The caller holds the token's row; what it remembers is saved in
    any case."""
    maker = _maker(token)
    first, second = text[: maker.digits], text[maker.digits :]
    try:
        if token.method == HardwareToken.Method.HOTP:
            _by_button(token, maker, first, second)
        else:
            _by_time(token, maker, first, second, now)
    except ClockWrong as refused:
        raise TokenClockWrong(refused.result, refused.drift_seconds) from None
    finally:
        token.save(update_fields=["state"])


def _maker(token: HardwareToken) -> Token:
    try:
        return Token(token.unseal(), token.algorithm, token.digits, token.period)
    except ValueError:
        raise crypto.Undecryptable("without its parameters") from None


def _remembered(token: HardwareToken, memory: type[Remembers]) -> Remembers:
    try:
        return memory.of(token.state)
    except (ValueError, TypeError):
        raise crypto.Undecryptable("without its memory") from None


def _by_button(token: HardwareToken, maker: Token, first: str, second: str) -> None:
    counters = _remembered(token, Counters)
    try:
        if second:
            counters.adjust(maker, first, second)
        else:
            counters.accept(maker, first)
    finally:
        token.state = token.state | counters.state()


def _by_time(token: HardwareToken, maker: Token, first: str, second: str, now: datetime) -> None:
    memory = _remembered(token, Memory)
    try:
        if second:
            memory.adjust(maker, first, second, now=now)
        else:
            memory.accept(maker, first, now=now)
    finally:
        token.state = token.state | memory.state()
