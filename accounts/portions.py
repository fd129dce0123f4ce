"""Very many things, a bounded number of them at a time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def portions(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in their order, in lists of `size`, the last one shorter: as many as one statement can name, or as
    memory is to hold. Takes no more from `items` than it gives."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some
