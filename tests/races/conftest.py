from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.races.harness import Portal, portal_server
from tests.services.servers.postgres import Postgres


@pytest.fixture(scope="session")
def portal(postgres: Postgres) -> Iterator[Portal]:
    """The portal in two processes on a PostgreSQL database of its own; people are made by `portal.stage`."""
    with portal_server(postgres.create_database("races")) as server:
        yield server
