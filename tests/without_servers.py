"""Pytest plugin, named with -p: leaves out the tests that start a server or a browser."""

from __future__ import annotations

import pytest

SERVERS = frozenset({"slapd", "samba", "redis", "kannel", "smtp", "http_gateway", "postgres", "browser"})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    chosen = [item for item in items if not asks_for_server(item)]
    config.hook.pytest_deselected(items=[item for item in items if asks_for_server(item)])
    items[:] = chosen


def asks_for_server(item: pytest.Item) -> bool:
    """By its fixtures, which name every server behind them, or by its marker `service`."""
    return not SERVERS.isdisjoint(getattr(item, "fixturenames", ())) or item.get_closest_marker("service") is not None
