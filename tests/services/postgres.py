"""Pytest plugin: PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.servers.postgres import Postgres, postgres_server
from tests.services.started import started

__all__ = ["Postgres", "postgres", "postgres_server"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL cluster; `postgres.create_database(name)` gives a database of one's own."""
    with started(postgres_server()) as server:
        yield server
