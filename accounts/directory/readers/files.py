"""Files that stand for a directory: opened once, read once, and void when somebody writes to them meanwhile."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from accounts.directory.readers import BadFile


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file in bytes. Raises BadFile where it is no plain file, cannot be read, or was written to while it was read;
    one that is put in its place meanwhile is left for the next run."""
    try:
        # A pipe would hold the run up until somebody writes to it.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise BadFile(f"{path.name} is no plain file.")
            yield file
            after = os.fstat(file.fileno())
    except OSError:
        raise BadFile(f"The file {path.name} cannot be read.") from None
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise BadFile(f"{path.name} was written to while it was read. Write another file and rename it into place.")
