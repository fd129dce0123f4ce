"""The garbage collector during a run: it would look at everybody again and again (up to a third of a run, and of what
a process beside it reads). Pure."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

SELDOM = (50_000, 20, 100)


@contextlib.contextmanager
def seldom() -> Iterator[None]:
    """Leave out what is there already, and look at the rest seldom; as before in the end."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
