"""Pytest plugin: Redis."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.servers.redis import Redis, redis_server
from tests.services.started import started

__all__ = ["Redis", "redis", "redis_server"]


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A Redis; `redis.flush()` empties it."""
    with started(redis_server()) as server:
        yield server
