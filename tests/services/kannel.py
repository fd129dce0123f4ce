"""Pytest plugin: Kannel with a pretended mobile network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.servers.fakesmsc_log import Message
from tests.services.servers.kannel import Kannel, kannel_server
from tests.services.started import started

__all__ = ["Kannel", "Message", "kannel", "kannel_server"]


@pytest.fixture(scope="session")
def kannel() -> Iterator[Kannel]:
    """A Kannel connected to a pretended mobile network; `kannel.clear()` forgets the messages so far."""
    with started(kannel_server()) as server:
        yield server
