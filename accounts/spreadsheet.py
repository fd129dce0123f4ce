"""Lists as CSV that is safe to open in a spreadsheet, one line at a time. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

STARTS = "=+@|%\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}-"
UNSEEN = "\\s\N{ZERO WIDTH NO-BREAK SPACE}\N{ZERO WIDTH SPACE}\N{WORD JOINER}"
FORMULA = re.compile(rf"[\t\r\n]|[{UNSEEN}]*[{STARTS}]")
BEHIND_SEPARATOR = re.compile(rf"([;\t\r\n][{UNSEEN}]*)(?=[{STARTS}])")
"""Where a spreadsheet that expects another separator than the comma would begin a cell."""


class _Echo:
    """A file that hands each line back to whoever wrote it."""

    def write(self, line: str) -> str:
        return line


def cell(value: object) -> str:
    """The value as text that no spreadsheet takes for a formula; one line, as records are."""
    if value is None:
        return ""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    if isinstance(value, (int, float)):
        return text
    start = FORMULA.match(text)
    begun = f"'{start[0]}" if start else ""
    return begun + BEHIND_SEPARATOR.sub(r"\1'", text[len(start[0]) if start else 0 :])


def lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of the file: the head, then each row through `cell`."""
    writer = csv.writer(_Echo())
    yield cast(str, writer.writerow(head))
    for row in rows:
        yield cast(str, writer.writerow([cell(value) for value in row]))
