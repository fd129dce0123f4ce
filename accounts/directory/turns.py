"""Who may ask the directory while somebody waits for the answer. One that hangs takes half of a process's threads along
and no more: the others go on with codes, pages and local accounts."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import cache
from threading import BoundedSemaphore

from django.conf import settings

from accounts.passwords import DirectoryUnreachable

PATIENCE = 1.0
"""Seconds that somebody waits for a turn; a directory that is well answers many times in that."""


class Turns:
    """At most so many at once."""

    def __init__(self, most: int, *, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic) -> None:
        self._free, self._patience, self._clock = BoundedSemaphore(most), patience, clock
        self._begun: dict[object, float] = {}

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Have a turn. Raises DirectoryUnreachable where none is free: at once where those who have one wait for long
        already, so that nobody waits behind them."""
        if not self._free.acquire(timeout=self._left()):
            raise DirectoryUnreachable("Others wait for the directory already.")
        turn = object()
        self._begun[turn] = self._clock()
        try:
            yield
        finally:
            del self._begun[turn]
            self._free.release()

    def _left(self) -> float:
        now = self._clock()
        return max(0.0, self._patience - (now - min(list(self._begun.values()), default=now)))


@cache
def of_process() -> Turns:
    """Those of this process."""
    return Turns(max(1, settings.WEB_THREADS // 2))
