"""How much memory the children of a process hold, over time, from /proc."""

from __future__ import annotations

import statistics
import threading
from collections import defaultdict
from pathlib import Path
from typing import Self

EVERY = 0.5
PAGE_KIB = 4


class Memory:
    """Samples the resident memory (MiB) of each child of `parent` until it is left."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._samples: dict[int, list[float]] = defaultdict(list)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()

    def thirds(self) -> dict[int, tuple[float, float]]:
        """Of each child the mean over the second and the last third of its samples."""
        return {pid: (_mean(found, 1), _mean(found, 2)) for pid, found in self._samples.items() if len(found) >= 3}

    def _watch(self) -> None:
        while not self._ended.wait(EVERY):
            for pid in children(self._parent):
                try:
                    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                except OSError:
                    continue  # it has just ended
                self._samples[pid].append(pages * PAGE_KIB / 1024)


def children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def _mean(samples: list[float], third: int) -> float:
    size = len(samples) // 3
    return statistics.mean(samples[third * size : (third + 1) * size])
