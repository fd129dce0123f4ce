"""Tokens on a shelf, and what they show."""

from __future__ import annotations

from datetime import datetime

from mfa.models import HardwareToken
from mfa.oath.codes import Token
from mfa.oath.counters import Counters
from mfa.tokens import stock
from tests.mfa.tokens.samples import SEED


def put(serial: str = "1001", *, method: str = "hotp", secret: bytes = SEED, **columns: object) -> HardwareToken:
    """A token in stock."""
    token = HardwareToken(serial=serial, method=method, algorithm="SHA1", digits=6, period=30, **columns)
    if method == "hotp":
        token.state = Counters().state()
    token.seal(secret)
    token.save()
    return token


def is_free(serial: str) -> bool:
    """Whether the token with this serial can be given out."""
    return stock.free().filter(serial=serial).exists()


def pressed(times: int, *, secret: bytes = SEED) -> str:
    """What a token by button shows after so many presses."""
    return Token(secret).code(times - 1)


def shown(at: datetime, *, secret: bytes = SEED) -> str:
    """What a token by time shows."""
    token = Token(secret)
    return token.code(token.step_at(at))
