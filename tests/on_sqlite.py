"""Pytest plugin, named with -p: leaves in the tests for which it matters that the database is SQLite.

Those are the tests that ask for the database of this process. What starts a server, a browser or a program of its own,
or needs no database, does the same on PostgreSQL, where every test runs.
"""

from __future__ import annotations

import pytest

DATABASE = frozenset({"db", "transactional_db"})
SERVERS = "tests.services."


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if not depends_on_the_database(item)]
    items[:] = [item for item in items if depends_on_the_database(item)]
    config.hook.pytest_deselected(items=left_out)


def depends_on_the_database(item: pytest.Item) -> bool:
    """By its markers, and by its fixtures with those behind them; one of a server is defined with the servers."""
    fixtures = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    asks_for_database = not DATABASE.isdisjoint(fixtures) or item.get_closest_marker("django_db")
    asks_for_server = any(made[-1].func.__module__.startswith(SERVERS) for made in fixtures.values())
    return bool(asks_for_database and not asks_for_server and not item.get_closest_marker("service"))
