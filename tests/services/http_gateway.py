"""Pytest plugin: an HTTP SMS gateway."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.servers.http_gateway import HttpGateway, Request, http_gateway_server
from tests.services.started import started

__all__ = ["HttpGateway", "Request", "http_gateway", "http_gateway_server"]


@pytest.fixture(scope="session")
def http_gateway() -> Iterator[HttpGateway]:
    """An HTTP SMS gateway that records and misbehaves as told; `http_gateway.reset()` forgets both."""
    with started(http_gateway_server()) as server:
        yield server
