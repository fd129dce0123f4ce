"""Hardware tokens from a PSKC file (RFC 6030), plain or encrypted with a password or a pre-shared key.

The file comes from outside: it is first gone through by expat alone, which refuses whatever could make XML expensive.
"""

from __future__ import annotations

import io
import re
from typing import Any
from xml.parsers import expat

from pskc import PSKC
from pskc.exceptions import DecryptionError, KeyDerivationError, PSKCError
from pskc.key import Key

from mfa.tokens.reading import MOST_TOKENS, Entry, Fault, Line, Reason, Unreadable, line, normal_serial

DEEPEST = 32
MOST_ELEMENTS = MOST_TOKENS * 60
MOST_ITERATIONS = 1_000_000
"""Rounds of PBKDF2 that a file may ask for: about a second of work."""

LONGEST_KEY = 64
BROKEN = (PSKCError, ValueError, TypeError, AttributeError, KeyError, OverflowError)
"""What the library lets through where a file is not what it should be."""


def read(data: bytes, unlock: str = "") -> list[Line]:
    """One line for each key. `unlock` is the password, or the pre-shared key in hex. Raises Unreadable."""
    _refuse_traps(data)
    try:
        found = PSKC(io.BytesIO(data))
        keys = list(found.keys)
    except BROKEN:
        raise Unreadable(Fault.NOT_XML) from None
    _open(found, unlock)
    lines = [_line(number, key) for number, key in enumerate(keys, 1)]
    if lines and all(one.refused is Reason.LOCKED for one in lines):
        raise Unreadable(Fault.WRONG_KEY if unlock else Fault.NEEDS_KEY)
    return lines


class _Traps:
    """Counts what a document is made of: no document type, hence no entity, and no depth to drown in."""

    def __init__(self) -> None:
        self.depth = self.elements = 0

    def refuse_dtd(self, *declared: object) -> None:
        raise Unreadable(Fault.DTD)

    def start(self, *named: object) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > DEEPEST or self.elements > MOST_ELEMENTS:
            raise Unreadable(Fault.TOO_DEEP)

    def end(self, *named: object) -> None:
        self.depth -= 1


def _refuse_traps(data: bytes) -> None:
    traps = _Traps()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = traps.refuse_dtd
    parser.StartElementHandler, parser.EndElementHandler = traps.start, traps.end
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError):
        raise Unreadable(Fault.NOT_XML) from None


def _open(found: PSKC, unlock: str) -> None:
    """Give the file its key where one was typed."""
    if not unlock:
        return
    derivation = found.encryption.derivation
    if not derivation.algorithm:
        found.encryption.key = _key_from(unlock)
        return
    if (derivation.pbkdf2_iterations or 0) > MOST_ITERATIONS or (derivation.pbkdf2_key_length or 0) > LONGEST_KEY:
        raise Unreadable(Fault.ITERATIONS)
    try:
        found.encryption.derive_key(unlock)
    except (KeyDerivationError, ValueError, TypeError, OverflowError):
        raise Unreadable(Fault.WRONG_KEY) from None


def _key_from(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Unreadable(Fault.WRONG_KEY) from None


def _line(number: int, key: Key) -> Line:
    serial = normal_serial(str(key.serial or key.id or ""))
    try:
        return line(number, _entry(key, serial), serial)
    except DecryptionError:
        return line(number, Reason.LOCKED, serial)
    except BROKEN:
        return line(number, Reason.BAD_SEED, serial)


def _entry(key: Any, serial: str) -> Entry | Reason:
    """`key.secret` and its like decrypt, and check the MAC, when they are read."""
    if not key.policy.may_use("OTP") or key.policy.pin_usage not in (None, "Local"):
        return Reason.POLICY
    if (key.response_encoding or "DECIMAL").upper() != "DECIMAL":
        return Reason.DIGITS
    method = re.search(r"(?:^|[:#])(hotp|totp)$", (key.algorithm or "").lower())
    interval, length = key.time_interval, key.response_length
    return Entry(
        serial, method[1] if method else "", bytes(key.secret or b""), _algorithm(key.algorithm_suite or ""),
        6 if length is None else length, 30 if interval is None else interval, key.counter or 0,
        (key.manufacturer or "")[:64],
    )  # fmt: skip


def _algorithm(suite: str) -> str:
    named = re.search(r"SHA-?(1|256|512)\b", suite.upper())
    return f"SHA{named[1]}" if named else "SHA1" if not suite else suite[:20]
