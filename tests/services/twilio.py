"""Pytest plugin: Twilio's messaging API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.servers.twilio import Twilio, twilio_server
from tests.services.started import started

__all__ = ["Twilio", "twilio", "twilio_server"]


@pytest.fixture(scope="session")
def twilio() -> Iterator[Twilio]:
    """A server that speaks Twilio's messaging API; `twilio.reset()` forgets messages and failures."""
    with started(twilio_server()) as server:
        yield server
