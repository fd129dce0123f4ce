"""A time server that speaks NTP (RFC 5905) over UDP, set wrong or misbehaving as a test tells it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

PACKET = struct.Struct("!BBbbII4sQQQQ")
SINCE_1900 = 2_208_988_800


@dataclass
class Ntp:
    """A running time server whose clock is `ahead` seconds fast. `says` is what it does: "time", or a fault."""

    port: int
    ahead: float = 0.0
    says: str = "time"
    questions: list[bytes] = field(default_factory=list)

    def answers(self, question: bytes, received: int) -> list[bytes]:
        """What it sends for a question that came at this moment of its clock."""
        sent_by_client = question[40:48]
        right = self._packet(sent_by_client, received)
        match self.says:
            case "time":
                return [right]
            case "forged first":
                return [self._packet(b"\x11" * 8, received + (3600 << 32)), b"", b"junk" * 30, right]
            case "garbage":
                return [b"\xff" * 200, b"\x24"]
            case "a question":
                return [bytes([0x23]) + right[1:]]
            case "never set":
                return [bytes([0xE4]) + right[1:]]
            case "too far":
                return [right[:8] + struct.pack("!I", 17 << 16) + right[12:]]
            case "no time":
                return [right[:40] + bytes(8)]
            case kiss if kiss.isupper():
                return [PACKET.pack(0xE4, 0, 6, 0, 0, 0, kiss.encode(), 0, int.from_bytes(sent_by_client), 0, 0)]
        return []

    def clock(self) -> int:
        nanoseconds = time.time_ns() + int((self.ahead + SINCE_1900) * 10**9)
        return ((nanoseconds << 32) // 10**9) & (2**64 - 1)

    def _packet(self, origin: bytes, received: int) -> bytes:
        """No leap second, version 4, mode 4, stratum 2; root delay 15 ms, dispersion 30 ms."""
        return PACKET.pack(
            0x24, 2, 6, -20, 1000, 2000, bytes([192, 0, 2, 1]), received - (64 << 32), int.from_bytes(origin),
            received, self.clock(),
        )  # fmt: skip


@contextlib.contextmanager
def ntp_server() -> Iterator[Ntp]:
    """A time server on loopback, in a thread."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.05)
        server, over = Ntp(listening.getsockname()[1]), threading.Event()
        serving = threading.Thread(target=_serve, args=(listening, server, over), daemon=True)
        serving.start()
        try:
            yield server
        finally:
            over.set()
            serving.join(5)


def _serve(listening: socket.socket, server: Ntp, over: threading.Event) -> None:
    while not over.is_set():
        try:
            question, asker = listening.recvfrom(1024)
        except TimeoutError:
            continue
        received = server.clock()
        server.questions.append(question)
        for answer in server.answers(question, received):
            listening.sendto(answer, asker)
