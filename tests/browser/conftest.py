"""The portal behind a live server, and a window in which a test acts as a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from tests.browser.looks import WATCH_SHIFTS
from tests.browser.stage import Stage
from tests.live import let_requests_end, transactional_db
from tests.services.chromium import open_context, watch

expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong

__all__ = ["transactional_db"]

OVER_HTTP = {
    "SESSION_COOKIE_NAME": "session",
    "SESSION_COOKIE_SECURE": False,
    "CSRF_COOKIE_NAME": "csrf",
    "CSRF_COOKIE_SECURE": False,
}


@pytest.fixture(scope="package")
def server(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[LiveServer]:
    """The portal at http://localhost, on the test database."""
    with django_db_blocker.unblock():
        running = LiveServer("localhost")
        yield running
        let_requests_end()
        running.stop()


@pytest.fixture
def portal(server: LiveServer, transactional_db: None) -> Iterator[str]:
    """The portal's address."""
    with override_settings(**OVER_HTTP, ALLOWED_HOSTS=["localhost"], PUBLIC_URL=server.url):
        yield server.url


@pytest.fixture
def open_stage(portal: str, browser: Browser) -> Iterator[Callable[..., Stage]]:
    """`open_stage(phone=True, ...)` gives a person's window; options as chromium.open_context has them."""
    opened: list[Page] = []

    def new_stage(**options: Any) -> Stage:
        page = open_context(browser, **options).new_page()
        page.add_init_script(WATCH_SHIFTS)
        opened.append(page)
        return Stage(page, portal, watch(page))

    yield new_stage
    for page in opened:
        page.context.close()
    let_requests_end()  # else what they asked for last would write into emptied tables


@pytest.fixture
def stage(open_stage: Callable[..., Stage], request: pytest.FixtureRequest) -> Stage:
    """One window, 1440x900 unless the marker `window` says otherwise."""
    marker = request.node.get_closest_marker("window")
    return open_stage(**(marker.kwargs if marker else {}))
