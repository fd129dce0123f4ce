"""What a client says before TLS begins, for protocols that begin without it."""

from __future__ import annotations

import socket
from collections.abc import Callable

LDAP_START_TLS = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
"""The extended request of RFC 4511 4.14 as the first message of a connection."""
LDAP_SUCCESS = b"\x0a\x01\x00"
"""The result code `success` of a response, an ENUMERATED of one byte (RFC 4511 4.1.9)."""
POSTGRES_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""SSLRequest of PostgreSQL's protocol: its length and 80877103; the answer is one byte, S or N."""
LONGEST = 8192
MOST_LINES = 100


class NoTls(Exception):
    """The server answered, and not with what would begin TLS."""


def say(plain: socket.socket, protocol: str) -> None:
    """Have the server begin TLS on this connection; nothing is said where it begins by itself (`protocol` empty).
    Raises NoTls and OSError."""
    if protocol:
        OPENINGS[protocol](plain)


def _ldap(plain: socket.socket) -> None:
    plain.sendall(LDAP_START_TLS)
    head = _exactly(plain, 2)
    rest = _exactly(plain, head[1]) if head[1] < 0x80 else plain.recv(LONGEST)
    if LDAP_SUCCESS not in rest[:16]:
        raise NoTls("it answers, but refuses StartTLS")


def _smtp(plain: socket.socket) -> None:
    with plain.makefile("rb") as replies:
        for said in (b"", b"EHLO portal\r\n", b"STARTTLS\r\n"):
            plain.sendall(said)
            code = _reply(replies.readline)
    if code != b"220":
        raise NoTls("it answers, but refuses STARTTLS")


def _reply(read_line: Callable[[int], bytes]) -> bytes:
    """The code of one reply, whose lines but the last have a hyphen behind it (RFC 5321 4.2.1); empty for one that does
    not end, as no server's does that is well."""
    for _ in range(MOST_LINES):
        line = read_line(LONGEST)
        if not line:
            raise ConnectionResetError
        if line[3:4] != b"-":
            return line[:3]
    return b""


def _postgres(plain: socket.socket) -> None:
    plain.sendall(POSTGRES_SSL_REQUEST)
    if _exactly(plain, 1) != b"S":
        raise NoTls("it answers, but refuses TLS")


def _exactly(plain: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        more = plain.recv(count - len(got))
        if not more:
            raise ConnectionResetError
        got += more
    return got


OPENINGS = {"ldap": _ldap, "smtp": _smtp, "postgres": _postgres}
