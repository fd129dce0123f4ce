"""What a file says of hardware tokens, line by line, and what of it is refused. Pure: text and bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from mfa.oath.codes import DIGITS, HASHES, LONGEST_PERIOD, SHORTEST_SECRET

MOST_TOKENS = 5000
LONGEST_SERIAL = 64
LONGEST_SECRET = 128
LARGEST_COUNTER = 2**48


class Reason(StrEnum):
    """Why one token is refused."""

    NO_SERIAL = "no-serial"
    BAD_SERIAL = "bad-serial"
    TWICE = "twice"
    METHOD = "method"
    NO_SEED = "no-seed"
    BAD_SEED = "bad-seed"
    SHORT_SEED = "short-seed"
    LONG_SEED = "long-seed"
    LOCKED = "locked"
    ALGORITHM = "algorithm"
    DIGITS = "digits"
    PERIOD = "period"
    COUNTER = "counter"
    POLICY = "policy"
    BAD_TEXT = "bad-text"


class Fault(StrEnum):
    """Why a whole file cannot be read."""

    NO_FORMAT = "no-format"
    NOT_XML = "not-xml"
    DTD = "dtd"
    TOO_DEEP = "too-deep"
    NO_COLUMNS = "no-columns"
    TOO_MANY = "too-many"
    EMPTY = "empty"
    NEEDS_KEY = "needs-key"
    WRONG_KEY = "wrong-key"
    ITERATIONS = "iterations"


class Unreadable(Exception):
    """The file as a whole cannot be read; nothing of it is in the message."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Entry:
    """One token that may be imported."""

    serial: str
    method: str
    secret: bytes = field(repr=False)
    algorithm: str = "SHA1"
    digits: int = 6
    period: int = 30
    counter: int = 0
    manufacturer: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One token of a file: what it says, or why it is refused. `number` counts from 1."""

    number: int
    serial: str
    entry: Entry | None = None
    refused: Reason | None = None


def normal_serial(text: str) -> str:
    """A serial number as it is kept and compared: capitals, without blanks and dashes."""
    return "".join(text.split()).replace("-", "").upper()


def line(number: int, entry: Entry | Reason, serial: str = "") -> Line:
    """The line of an entry, judged; a reason is passed on with the serial that was read."""
    if isinstance(entry, Reason):
        return Line(number, shown(serial), refused=entry)
    refused = judge(entry)
    return Line(number, shown(entry.serial), None if refused else entry, refused)


def shown(serial: str) -> str:
    """A serial as far as it can stand on a page."""
    return "".join(char for char in serial if char.isprintable())[:LONGEST_SERIAL]


def judge(entry: Entry) -> Reason | None:
    """Why the token may not be imported; None where it may."""
    checks = (
        (not entry.serial, Reason.NO_SERIAL),
        (
            not (entry.serial.isascii() and entry.serial.isalnum() and len(entry.serial) <= LONGEST_SERIAL),
            Reason.BAD_SERIAL,
        ),
        (entry.method not in ("hotp", "totp"), Reason.METHOD),
        (not entry.secret, Reason.NO_SEED),
        (len(entry.secret) < SHORTEST_SECRET, Reason.SHORT_SEED),
        (len(entry.secret) > LONGEST_SECRET, Reason.LONG_SEED),
        (entry.algorithm not in HASHES, Reason.ALGORITHM),
        (entry.digits not in DIGITS, Reason.DIGITS),
        (not 1 <= entry.period <= LONGEST_PERIOD, Reason.PERIOD),
        (not 0 <= entry.counter < LARGEST_COUNTER, Reason.COUNTER),
        (not entry.manufacturer.isprintable(), Reason.BAD_TEXT),
    )
    return next((reason for wrong, reason in checks if wrong), None)


def without_doubles(lines: list[Line]) -> list[Line]:
    """The same lines, with a serial refused from its second time on. Raises Unreadable for none or too many."""
    if not lines:
        raise Unreadable(Fault.EMPTY)
    if len(lines) > MOST_TOKENS:
        raise Unreadable(Fault.TOO_MANY)
    seen: set[str] = set()
    found = []
    for one in lines:
        double = one.entry is not None and one.serial in seen
        seen.add(one.serial)
        found.append(Line(one.number, one.serial, refused=Reason.TWICE) if double else one)
    return found
