"""What a test asks for, read from its fixtures and markers: the plugins that choose and order tests go by it."""

from __future__ import annotations

from typing import Any

import pytest

SERVERS = "tests.services."


def fixtures_of(item: pytest.Item) -> dict[str, Any]:
    """The definitions of the fixtures that a test asks for, and of those behind them, by name."""
    return item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}


def works_with_servers(item: pytest.Item) -> bool:
    """Whether it asks for a server or a browser, whose fixtures are defined with the servers, or is marked so."""
    asked = any(made[-1].func.__module__.startswith(SERVERS) for made in fixtures_of(item).values())
    return asked or item.get_closest_marker("service") is not None
