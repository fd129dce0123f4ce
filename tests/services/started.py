"""How a fixture starts a server: what a missing program means depends on where the tests run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TypeVar

import pytest

from tests.services.servers.processes import MissingProgram

Handle = TypeVar("Handle")


@contextlib.contextmanager
def started(server: AbstractContextManager[Handle]) -> Iterator[Handle]:
    """The server's handle; a missing program fails the test under CI=true and skips it elsewhere."""
    with contextlib.ExitStack() as stack:
        try:
            handle = stack.enter_context(server)
        except MissingProgram as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(str(missing), pytrace=False)
            pytest.skip(str(missing))
        yield handle
