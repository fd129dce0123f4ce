"""Pytest plugin: Chromium for the session, a window and a page for each test.

`@pytest.mark.window(phone=True, dark=True, scripts=False)` says what `context` and `page` are like; `open_page` makes
several in one test.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page

from tests.services.servers.chromium import PageWatch, Violation, axe, chromium_browser, open_context, watch
from tests.services.started import started

__all__ = [
    "PageWatch",
    "Violation",
    "axe",
    "browser",
    "context",
    "open_context",
    "open_page",
    "page",
    "page_watch",
    "watch",
]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "window(**options): what chromium.open_context makes for this test")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    # Playwright keeps an event loop on this thread, which the ORM takes for asynchronous code and refuses to run in.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with started(chromium_browser()) as running:
            yield running
            # Django keeps the connections of such a thread apart: whoever drops the test database cannot close them.
            connections.close_all()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """`open_page(phone=True, ...)` gives a page in a window of its own; options as chromium.open_context has them."""
    with contextlib.ExitStack() as windows:

        def new_page(**options: Any) -> Page:
            context = open_context(browser, **options)
            windows.callback(context.close)
            return context.new_page()

        yield new_page


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A private window as the marker `window` describes it, 1440x900 without one."""
    marker = request.node.get_closest_marker("window")
    window = open_context(browser, **(marker.kwargs if marker else {}))
    try:
        yield window
    finally:
        window.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty page of `context`."""
    return context.new_page()


@pytest.fixture
def page_watch(page: Page) -> PageWatch:
    """The console errors, exceptions and policy violations of `page`, collected from its beginning."""
    return watch(page)
