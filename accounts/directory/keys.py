"""Which of very many texts came more than once: 8 bytes for each, instead of the texts. Pure."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from itertools import groupby, pairwise


class Keys:
    """Hashes of texts. Two texts may have one hash: whoever acts upon it looks at the texts again."""

    def __init__(self) -> None:
        self._keys = array("q")
        self._sorted: array[int] | None = None

    def extend(self, texts: Iterable[str]) -> None:
        self._keys.extend(map(hash, texts))
        self._sorted = None

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, text: str) -> bool:
        found, key = self._in_order(), hash(text)
        at = bisect_left(found, key)
        return at < len(found) and found[at] == key

    def repeated(self) -> dict[int, int]:
        """The hashes that came more than once, and how often."""
        found = self._in_order()
        if not any(one == other for one, other in pairwise(found)):
            return {}
        counts = ((key, sum(1 for _ in some)) for key, some in groupby(found))
        return {key: count for key, count in counts if count > 1}

    def _in_order(self) -> array[int]:
        if self._sorted is None:
            self._sorted = array("q", sorted(self._keys))
        return self._sorted


def any_of(texts: Iterable[str], keys: set[int]) -> bool:
    """Whether one of the texts may be among those that the keys stand for."""
    return any(hash(text) in keys for text in texts)
