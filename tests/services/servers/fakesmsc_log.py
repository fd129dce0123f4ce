"""Reads what Kannel's fakesmsc prints: the SMS that reached the pretended mobile network."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_PRINTED = re.compile(r"Got message \d+: <(.*)>$")
_MESSAGE = re.compile(r"(?P<sender>\S+) (?P<recipient>\S+) (?P<kind>text|data|ucs-2|udh) (?P<content>.*)", re.DOTALL)


class Message(NamedTuple):
    """One SMS as the phone shows it, parts of a long one put together."""

    sender: str
    recipient: str
    text: str


@dataclass
class _Part:
    sender: str
    recipient: str
    content: str | bytes
    reference: int | None = None
    number: int = 1
    total: int = 1


def messages_in(log: str) -> list[Message]:
    """The complete messages of a fakesmsc log, in the order of their last part."""
    complete: list[Message] = []
    waiting: dict[tuple[str, str, int], dict[int, bytes]] = {}
    for part in _parts(log.splitlines()):
        if part.reference is None:
            text = part.content if isinstance(part.content, str) else _decoded(part.content)
            complete.append(Message(part.sender, part.recipient, text))
            continue
        key = (part.sender, part.recipient, part.reference)
        pieces = waiting.setdefault(key, {})
        pieces[part.number] = part.content if isinstance(part.content, bytes) else part.content.encode()
        if len(pieces) == part.total:
            del waiting[key]
            complete.append(Message(part.sender, part.recipient, _decoded(b"".join(pieces[n] for n in sorted(pieces)))))
    return complete


def _parts(lines: Iterable[str]) -> list[_Part]:
    parts: list[_Part] = []
    for line in lines:
        printed = _PRINTED.search(line)
        if printed is None:
            continue
        message = _MESSAGE.fullmatch(printed[1])
        if message is not None:
            parts.append(_part(message))
        elif parts and isinstance(parts[-1].content, str):
            parts[-1].content += "\n" + printed[1]  # fakesmsc takes each line of a text for a message
    return parts


def _part(found: re.Match[str]) -> _Part:
    sender, recipient, kind, content = found.group("sender", "recipient", "kind", "content")
    if kind == "text":
        return _Part(sender, recipient, content)
    if kind == "ucs-2":
        return _Part(sender, recipient, _unquoted(content).decode("utf-16-be"))
    if kind == "data":
        return _Part(sender, recipient, _unquoted(content))
    header, _, rest = content.partition(" ")
    raw = _unquoted(rest.partition(" ")[2])
    udh = _unquoted(header)
    if udh[1:3] != b"\x00\x03":  # 3GPP TS 23.040, 9.2.3.24.1: concatenated, 8-bit reference
        return _Part(sender, recipient, raw)
    return _Part(sender, recipient, raw, reference=udh[3], total=udh[4], number=udh[5])


def _unquoted(text: str) -> bytes:
    return unquote_to_bytes(text.replace("+", " "))


def _decoded(raw: bytes) -> str:
    # fakesmsc does not print the coding of a part; only UCS-2 text contains control bytes.
    control = any(byte < 0x20 and byte not in b"\n\r" for byte in raw)
    if not control:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return raw.decode("utf-16-be", errors="replace")
