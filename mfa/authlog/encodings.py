"""The lines of a log in the encoding its service wrote: UTF-8 or UTF-16, with a mark or without, or Windows-1252."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import IO

LONGEST_LINE = 65_536
"""Bytes; what is longer is no line of a log and comes in pieces."""
MARK = "\ufeff"
WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def lines_of(file: IO[bytes]) -> Iterator[str]:
    """Line by line, without ends of lines and without a byte order mark. The file is read once, from where it is."""
    first = file.readline(LONGEST_LINE)
    wide = _wide(first)
    lines = _by_character(file, first, wide) if wide else _by_line(file, first)
    for number, line in enumerate(lines):
        yield (line if number else line.removeprefix(MARK)).rstrip("\r\n")


def _wide(first: bytes) -> str:
    """Which UTF-16 it is, by the mark or by the zeros of plain letters; empty where it is none."""
    if first[:2] in WIDE:
        return WIDE[first[:2]]
    return {(False, True): "utf-16-le", (True, False): "utf-16-be"}.get((first[:1] == b"\0", first[1:2] == b"\0"), "")


def _by_line(file: IO[bytes], line: bytes) -> Iterator[str]:
    """Each line by itself: a file that two programs wrote may hold both."""
    while line:
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError:
            yield line.decode("cp1252", "replace")
        line = file.readline(LONGEST_LINE)


def _by_character(file: IO[bytes], piece: bytes, encoding: str) -> Iterator[str]:
    """By pieces of one size, since lines cannot be told by a byte: that of a line feed is in other characters too, and
    a file of nothing else would be put together anew at each of them."""
    decoder, held = codecs.getincrementaldecoder(encoding)("replace"), ""
    while piece:
        *whole, held = (held + decoder.decode(piece)).split("\n")
        yield from whole
        if len(held) > LONGEST_LINE:
            yield held
            held = ""
        piece = file.read(LONGEST_LINE)
    held += decoder.decode(b"", final=True)
    if held:
        yield held
