"""Rows that are too many for memory: kept in the order they came, in an unnamed temporary file beyond a few. Pure."""

from __future__ import annotations

import pickle
import tempfile
import weakref
from collections.abc import Callable, Collection, Iterator
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
AT_ONCE = 500
IN_MEMORY = 4 << 20
"""Bytes before the file is made. It has no name, belongs to this process only, and goes with it."""


class Spool(Generic[Item]):
    """Takes rows and gives them again, any number of times. What can be in a row: what pickle can keep."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # lives as long as this object
        weakref.finalize(self, self._file.close)
        self._fresh: list[Item] = []
        self._written = self._end = 0

    def append(self, row: Item) -> None:
        self._fresh.append(row)
        if len(self._fresh) >= AT_ONCE:
            self._file.seek(self._end)
            pickle.dump(self._fresh, self._file, pickle.HIGHEST_PROTOCOL)
            self._end = self._file.tell()
            self._written += len(self._fresh)
            self._fresh = []

    def __len__(self) -> int:
        return self._written + len(self._fresh)

    def __iter__(self) -> Iterator[Item]:
        place = 0
        while place < self._end:
            self._file.seek(place)
            rows: list[Item] = pickle.load(self._file)  # noqa: S301  # nobody else can write to a file without a name
            place = self._file.tell()
            yield from rows
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
