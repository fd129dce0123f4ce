"""Pytest plugin: how the tests are spread over several workers with `--dist loadscope --no-loadscope-reorder`.

Tests of one file stay together, for what its fixtures share; files that grow with the portal are cut in pieces. What
waits for servers comes first, so that only short things are left at the end and all workers finish together.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from zlib import crc32

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.fixtures_asked import works_with_servers

TOGETHER = {
    "domain": (
        "tests/services/test_samba",
        "tests/stories/test_active_directory",
        "tests/accounts/directory/test_changes_ad",
        "tests/accounts/directory/test_write_back_active_directory",
    ),
    "races": ("tests/races/",),
    "gateway": ("tests/vpn/",),
}
"""Tests that share servers which take long to start: all in one worker, and at the very beginning."""

CUT = ("tests/browser/", "tests/sweeps/", "tests/stories/")
PIECES = 8


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, object, object]:
    """The order in a worker, made when pytest-randomly has shuffled; within a file tests stay shuffled."""
    result = yield
    if "PYTEST_XDIST_WORKER" in os.environ:
        files = Counter(file_of(item.nodeid) for item in items)
        items.sort(key=lambda item: (turn(item), -files[file_of(item.nodeid)]))
    return result


def turn(item: pytest.Item) -> int:
    if scope_of(item.nodeid) in TOGETHER:
        return 0
    return 1 if works_with_servers(item) else 2


class Scopes(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Gives a worker one scope after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scopes | None:
    return Scopes(config, log) if config.getoption("dist") == "loadscope" else None


def scope_of(nodeid: str) -> str:
    """The name of what a test is run together with."""
    file = file_of(nodeid)
    for name, files in TOGETHER.items():
        if file.startswith(files):
            return name
    return f"{file} {crc32(nodeid.encode()) % PIECES}" if file.startswith(CUT) else file


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]
