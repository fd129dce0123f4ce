"""Rows that are too many for memory: kept in the order they came, in an unnamed temporary file beyond a few. Pure."""

from __future__ import annotations

import json
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any, TypeVar

Item = TypeVar("Item")
AT_ONCE = 500
IN_MEMORY = 4 << 20
"""Bytes before there is a file. It has no name, belongs to this process only, and goes with it."""


class Spool:
    """Takes rows of text, numbers, moments and rows, and gives them again any number of times, as lists."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # lives as long as this object
        weakref.finalize(self, self._file.close)
        self._fresh: list[Any] = []
        self._written = self._end = 0

    def append(self, row: Any) -> None:
        self._fresh.append(row)
        if len(self._fresh) >= AT_ONCE:
            self.extend(b"", 0)

    def extend(self, packed: bytes, count: int) -> None:
        """Add `count` rows that `pack` made into bytes, here or in another process."""
        self._file.seek(self._end)
        self._file.write(pack(self._fresh) + packed)
        self._end = self._file.tell()
        self._written += len(self._fresh) + count
        self._fresh = []

    def __len__(self) -> int:
        return self._written + len(self._fresh)

    def __iter__(self) -> Iterator[Any]:
        place = 0
        while place < self._end:
            self._file.seek(place)
            line = self._file.readline()
            place = self._file.tell()
            yield from _unpack(line)
        yield from self._fresh


class Listed(Collection[Item]):
    """What `source` gives each time it is asked, `length` items."""

    def __init__(self, source: Callable[[], Iterator[Item]], length: int) -> None:
        self._source, self._length = source, length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Item]:
        return self._source()

    def __contains__(self, item: Any) -> bool:
        return any(one == item for one in self)


def pack(rows: list[Any]) -> bytes:
    """Rows as a spool keeps them: in one line, or none for none."""
    if not rows:
        return b""
    return json.dumps(rows, default=_moment, separators=(",", ":")).encode() + b"\n"


def _unpack(line: bytes) -> list[Any]:
    rows: list[Any] = json.loads(line, object_hook=_from_moment)
    return rows


def _moment(value: object) -> dict[str, str]:
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} cannot be kept in a spool")
    return {"at": value.isoformat()}


def _from_moment(found: dict[str, str]) -> datetime:
    return datetime.fromisoformat(found["at"])
