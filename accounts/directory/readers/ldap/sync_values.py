"""The values of content synchronisation (RFC 4533 2) between bytes and Python. The package's own decoder, written in
terms of ASN.1, takes a hundred times as long, which counts where a server names everybody. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

REFRESH_ONLY = 1
SEQUENCE, BOOLEAN, OCTETS, ENUMERATED, SET = 0x30, 0x01, 0x04, 0x0A, 0x31
NEW_COOKIE, REFRESH_DELETE, REFRESH_PRESENT, ID_SET = 0x80, 0xA1, 0xA2, 0xA3


class State(NamedTuple):
    """What an entry is: 0 present, 1 added, 2 modified, 3 deleted."""

    what: int
    id: str


class Done(NamedTuple):
    """The end. With `deletes` the server has named who is gone; without, who was not named is gone."""

    cookie: str
    deletes: bool

    @classmethod
    def read(cls, encoded: bytes) -> Done:
        cookie, deletes = "", False
        for tag, value in _within(encoded, SEQUENCE):
            if tag == OCTETS:
                cookie = value.decode()
            elif tag == BOOLEAN:
                deletes = value != b"\0"
        return cls(cookie, deletes)


class Info(NamedTuple):
    """Between entries: a cookie, or ids that are gone (`deletes`) or present."""

    cookie: str = ""
    deletes: bool = False
    ids: tuple[str, ...] = ()


def read_state(encoded: bytes) -> State:
    what, directory_id = -1, ""
    for tag, value in _within(encoded, SEQUENCE):
        if tag == ENUMERATED:
            what = int.from_bytes(value, "big")
        elif tag == OCTETS and not directory_id:
            directory_id = str(UUID(bytes=value))
    if what < 0 or not directory_id:
        raise ValueError("an element is missing")
    return State(what, directory_id)


def read_info(encoded: bytes) -> Info:
    tag, content = next(_elements(encoded), (0, b""))
    if tag == NEW_COOKIE:
        return Info(content.decode())
    cookie, deletes = "", False
    ids: tuple[str, ...] = ()
    for inner, value in _elements(content):
        if inner == OCTETS:
            cookie = value.decode()
        elif inner == BOOLEAN and tag == ID_SET:
            deletes = value != b"\0"
        elif inner == SET:
            ids = tuple(str(UUID(bytes=one)) for _, one in _elements(value))
    return Info(cookie, deletes, ids)


def tlv(tag: int, content: bytes) -> bytes:
    """One element of BER (X.690 8.1)."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _within(encoded: bytes, tag: int) -> Iterator[tuple[int, bytes]]:
    found, content = next(_elements(encoded), (0, b""))
    if found != tag:
        raise ValueError("another element was expected")
    return _elements(content)


def _elements(encoded: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each element, one after the other. ValueError for what is cut off."""
    at = 0
    while at < len(encoded):
        tag, size, at = encoded[at], int.from_bytes(encoded[at + 1 : at + 2], "big"), at + 2
        if size & 0x80:
            more = size & 0x7F
            size, at = int.from_bytes(encoded[at : at + more], "big"), at + more
        if at + size > len(encoded):
            raise ValueError("an element is cut off")
        yield tag, encoded[at : at + size]
        at += size
