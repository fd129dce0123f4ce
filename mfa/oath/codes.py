"""One-time codes of a secret and a step: RFC 4226 (counter, truncation) and RFC 6238 (time). Pure bytes and numbers."""

from __future__ import annotations

import hashlib
import hmac
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

HASHES: dict[str, Callable[..., Any]] = {"SHA1": hashlib.sha1, "SHA256": hashlib.sha256, "SHA512": hashlib.sha512}
DIGITS = (6, 8)
LONGEST_PERIOD = 120
"""Seconds; NIST SP 800-63B-4 3.1.4.1 wants a code to change at least every two minutes."""

SHORTEST_SECRET = 14
"""Bytes: 112 bits (NIST SP 800-63B-4 3.1.4.1)."""


class Stepped(ABC):
    """Makes one code for each step, and knows which step a moment lies in."""

    __slots__ = ()
    period: int
    """Seconds that a step lasts."""

    @abstractmethod
    def code(self, step: int) -> str:
        """The code of a step. Steps before the first have the empty code."""

    @abstractmethod
    def fits(self, text: str) -> bool:
        """Whether the text has the shape of a code."""

    def step_at(self, now: datetime) -> int:
        """The time step that `now` lies in, counted from 1970 (RFC 6238 4.2)."""
        return int(now.timestamp() // self.period)

    def begins(self, step: int) -> float:
        """When a step begins, in Unix time."""
        return float(step * self.period)

    def match(self, code: str, steps: Iterable[int]) -> list[int]:
        """Which of `steps` have this code. Each is compared in constant time, and all are, found or not."""
        typed = code.encode()
        return [step for step in steps if hmac.compare_digest(self.code(step).encode(), typed)]

    def match_pair(self, first: str, second: str, steps: Iterable[int]) -> list[int]:
        """Which of `steps` have the code `first` and are followed at once by one with the code `second`."""
        return [step for step in self.match(first, steps) if self.match(second, [step + 1])]


@dataclass(frozen=True, slots=True)
class Token(Stepped):
    """A shared secret and how codes are made of it. Raises ValueError for what no standard or app allows."""

    secret: bytes
    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30
    _keyed: hmac.HMAC = field(init=False, repr=False, compare=False)
    """The secret worked into the hash, once for all steps."""

    def __post_init__(self) -> None:
        if len(self.secret) < SHORTEST_SECRET:
            raise ValueError(f"the secret must have at least {SHORTEST_SECRET} bytes")
        if self.algorithm not in HASHES:
            raise ValueError(f"the algorithm must be one of {', '.join(HASHES)}")
        if self.digits not in DIGITS:
            raise ValueError("a code must have 6 or 8 digits")
        if not 1 <= self.period <= LONGEST_PERIOD:
            raise ValueError(f"a code must change at least every {LONGEST_PERIOD} seconds")
        object.__setattr__(self, "_keyed", hmac.new(self.secret, digestmod=HASHES[self.algorithm]))

    def __repr__(self) -> str:
        return f"Token({self.algorithm}, {self.digits} digits, {self.period} s)"

    def code(self, step: int) -> str:
        """The code of a step, with leading zeros (RFC 4226 5.3). Steps before 1970 have the empty code."""
        return "" if step < 0 else str(self._number(step)).zfill(self.digits)

    def match(self, code: str, steps: Iterable[int]) -> list[int]:
        """Which of `steps` have this code, as of every kind; compared as numbers, since a wrong code is compared with
        some eighty steps to tell how far a clock is off: half the time of making so many texts."""
        if not self.fits(code):
            return []
        typed = int(code).to_bytes(4, "big")
        steps = [step for step in steps if step >= 0]
        return [step for step in steps if hmac.compare_digest(self._number(step).to_bytes(4, "big"), typed)]

    def _number(self, step: int) -> int:
        """The value of a code (RFC 4226 5.3: dynamic truncation)."""
        keyed = self._keyed.copy()
        keyed.update(step.to_bytes(8, "big"))
        digest = keyed.digest()
        offset = digest[-1] & 0x0F
        number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
        return int(number % 10**self.digits)

    def fits(self, text: str) -> bool:
        """Whether the text has the shape of a code."""
        return len(text) == self.digits and text.isascii() and text.isdigit()
