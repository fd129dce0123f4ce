"""Pytest plugin, named with -p: leaves in the tests for which it matters that the database is SQLite.

Those are the tests that ask for the database of this process. What starts a server, a browser or a program of its own,
or needs no database, does the same on PostgreSQL, where every test runs.
"""

from __future__ import annotations

import pytest

from tests.fixtures_asked import fixtures_of, works_with_servers

DATABASE = frozenset({"db", "transactional_db"})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if not depends_on_the_database(item)]
    items[:] = [item for item in items if depends_on_the_database(item)]
    config.hook.pytest_deselected(items=left_out)


def depends_on_the_database(item: pytest.Item) -> bool:
    asked = not DATABASE.isdisjoint(fixtures_of(item)) or item.get_closest_marker("django_db") is not None
    return asked and not works_with_servers(item)
