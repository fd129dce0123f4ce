"""One question to a time server by NTP (RFC 5905), and whether its answer may be believed."""

from __future__ import annotations

import secrets
import socket
import struct
import time
from dataclasses import dataclass

PORT = 123
PATIENCE = 3.0
ASKED = 0x23
"""No leap second known, version 4, mode 3: a client."""
SERVER, UNSYNCHRONISED = 4, 3
"""Mode of an answer; leap indicator of a clock that was never set."""
FARTHEST = 16.0
"""Seconds of root distance from which on a server counts as not synchronised (MAXDISP)."""
SINCE_1900 = 2_208_988_800
PACKET = struct.Struct("!BBbbII4sQQQQ")


class NoTime(Exception):
    """The server's time is not known, for the cause in words. `quiet` where it asked to be left alone."""

    def __init__(self, cause: str, *, quiet: bool = False) -> None:
        super().__init__(cause)
        self.quiet = quiet


@dataclass(frozen=True, slots=True)
class Answer:
    """The fields of a packet that count; moments in NTP's 64 bit format."""

    leap: int
    mode: int
    stratum: int
    root_distance: float
    reference: bytes
    origin: int
    received: int
    sent: int


def ahead(server: str, *, port: int = PORT) -> float:
    """Seconds that this clock is ahead of the server's (negative: behind). Raises NoTime."""
    try:
        places = socket.getaddrinfo(server, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        raise NoTime("has a name without an address") from None
    for family, kind, protocol, _name, address in places:
        with socket.socket(family, kind, protocol) as asking:
            try:
                asking.connect(address)
                return _ask(asking)
            except OSError:
                continue
    raise NoTime("does not answer")


def _ask(asking: socket.socket) -> float:
    """The time sent along is a random number instead: only who saw the question can answer it, and it tells nothing.
    Whatever else arrives is passed over. Raises NoTime and OSError (TimeoutError)."""
    nonce = secrets.randbits(64)
    until = time.monotonic() + PATIENCE
    left = _now()
    asking.send(PACKET.pack(ASKED, 0, 0, 0, 0, 0, b"", 0, 0, 0, nonce))
    while (rest := until - time.monotonic()) > 0:
        asking.settimeout(rest)
        packet = asking.recv(1024)
        back = _now()
        answer = read(packet)
        if answer and answer.origin == nonce:
            _believe(answer)
            return -(_between(left, answer.received) + _between(back, answer.sent)) / 2
    raise TimeoutError


def read(packet: bytes) -> Answer | None:
    """The packet's fields; None where it is no answer of a server."""
    if len(packet) < PACKET.size:
        return None
    first, stratum, _poll, _precision, delay, dispersion, reference, _set, origin, received, sent = PACKET.unpack(
        packet[: PACKET.size]
    )
    answer = Answer(
        first >> 6, first & 7, stratum, (delay / 2 + dispersion) / 2**16, reference, origin, received, sent
    )  # fmt: skip
    return answer if answer.mode == SERVER else None


def _believe(answer: Answer) -> None:
    """Raises NoTime for a kiss-o'-death (RFC 5905 7.4) and for a server that does not know the time itself."""
    if answer.stratum == 0:
        code = "".join(chr(byte) for byte in answer.reference if 0x20 < byte < 0x7F)
        raise NoTime(f"turns questions away ({code or 'no reason given'})", quiet=True)
    far = answer.root_distance >= FARTHEST
    if answer.leap == UNSYNCHRONISED or answer.stratum > 15 or far or not answer.sent or not answer.received:
        raise NoTime("does not know the time itself")


def _now() -> int:
    """This clock in NTP's format: seconds since 1900 and their 2^-32ths, without the era."""
    nanoseconds = time.time_ns() + SINCE_1900 * 10**9
    return (nanoseconds << 32) // 10**9 & (2**64 - 1)


def _between(start: int, end: int) -> float:
    """Seconds from one moment to another, over the end of an era (2036) too: at most 68 years to either side."""
    ticks = (end - start) & (2**64 - 1)
    return (ticks - 2**64 if ticks >= 2**63 else ticks) / 2**32
