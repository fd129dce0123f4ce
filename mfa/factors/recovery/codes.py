"""Recovery codes themselves: drawn, read back as people type them, kept as hashes. No rows, no requests.

A code has 16 characters of Crockford's base32, 80 random bits. The first three are kept in clear beside the hash, so
that one guess costs one hash and not ten; 65 bits stay hidden (NIST SP 800-63B-4 4.2.1.1 asks for 64).
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Self

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
INDEX = 3
HOW_MANY = 10

_LOOK_ALIKES = str.maketrans("OIL", "011", " -")
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
"""The least that OWASP's password storage cheat sheet and ASVS 5 appendix C allow for Argon2id."""


@dataclass
class Kept:
    """What is kept of one code."""

    index: str
    hash: str
    spent: bool = False

    @classmethod
    def of(cls, code: str) -> Self:
        return cls(code[:INDEX], _HASHER.hash(code))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def draw() -> list[str]:
    """Ten new codes, no two with the same beginning."""
    drawn: dict[str, str] = {}
    while len(drawn) < HOW_MANY:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        drawn.setdefault(code[:INDEX], code)
    return list(drawn.values())


def read(text: str) -> str:
    """What was typed, as it was drawn: upper case, no spaces or dashes, O for zero and I or L for one forgiven."""
    return text.upper().translate(_LOOK_ALIKES)


def has_shape(text: str) -> bool:
    """Whether what `read` returned could be a code."""
    return len(text) == LENGTH and all(char in ALPHABET for char in text)


def shown(code: str) -> str:
    """In groups of four, for paper."""
    return "-".join(code[at : at + 4] for at in range(0, LENGTH, 4))


def find(kept: list[Kept], code: str) -> Kept | None:
    """The kept one whose code this is, spent or not. Costs one hash, whether any begins like it or not."""
    candidate = next((one for one in kept if one.index == code[:INDEX]), None)
    try:
        _HASHER.verify(candidate.hash if candidate else _nobodys(), code)
    except VerifyMismatchError:
        return None
    return candidate


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_hex(LENGTH))
