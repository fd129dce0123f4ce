"""Lists as CSV that is safe to open in a spreadsheet, one line at a time. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


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
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of the file: the head, then each row through `cell`."""
    writer = csv.writer(_Echo())
    yield cast(str, writer.writerow(head))
    for row in rows:
        yield cast(str, writer.writerow([cell(value) for value in row]))
