"""mOTP (motp.sourceforge.net): the first six hex digits of MD5 over time, secret and PIN. Pure: text and numbers.

MD5 is used here and nowhere else, because routers in the field know nothing better.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from mfa.oath.codes import Stepped

PERIOD = 10
"""Seconds; a code is made of `unix time // 10`."""

LENGTHS = (16, 32)
"""Hex digits of a secret."""

DIGITS = 6
SHORTEST_PIN, LONGEST_PIN = 4, 16

_SECRET = re.compile(r"[0-9a-f]+", re.ASCII)
_CODE = re.compile(r"[0-9a-fA-F]{6}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Motp(Stepped):
    """A secret as the app shows it, and the PIN that is typed into the app. Raises ValueError for what is neither."""

    secret: str
    pin: str
    period: int = PERIOD

    def __post_init__(self) -> None:
        if len(self.secret) not in LENGTHS or not _SECRET.fullmatch(self.secret):
            raise ValueError("the secret must be 16 or 32 hex digits in lower case")
        if not SHORTEST_PIN <= len(self.pin) <= LONGEST_PIN or not (self.pin.isascii() and self.pin.isdigit()):
            raise ValueError("the PIN must be 4 to 16 digits")

    def __repr__(self) -> str:
        return f"Motp({len(self.secret)} hex digits)"

    @classmethod
    def unpacked(cls, sealed: bytes) -> Self:
        """What `packed` made. Raises ValueError."""
        secret, _, pin = sealed.decode("ascii").partition(":")
        return cls(secret, pin)

    def packed(self) -> bytes:
        """Secret and PIN together, to be sealed as one."""
        return f"{self.secret}:{self.pin}".encode("ascii")

    def code(self, step: int) -> str:
        """The code of a step, in lower case. Steps before 1970 have the empty code."""
        if step < 0:
            return ""
        text = f"{step}{self.secret}{self.pin}".encode("ascii")
        return hashlib.md5(text, usedforsecurity=False).hexdigest()[:DIGITS]

    def fits(self, text: str) -> bool:
        """Whether the text has the shape of a code, in whatever case."""
        return _CODE.fullmatch(text) is not None
