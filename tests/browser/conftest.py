"""The portal behind a live server, and a window in which a test acts as a person."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from tests.browser.looks import WATCH_SHIFTS
from tests.browser.stage import Stage
from tests.services.chromium import open_context, watch

expect.set_options(timeout=15_000)  # a busy machine is slow, not wrong

FROM_MIGRATIONS = {
    "auth.Group", "auth.Permission", "contenttypes.ContentType", "django_celery_beat.PeriodicTask",
    "django_celery_beat.PeriodicTasks", "django_celery_beat.IntervalSchedule", "django_celery_beat.CrontabSchedule",
}  # fmt: skip
"""Tables whose rows the other tests in this process count on."""

OVER_HTTP = {
    "PUBLIC_URL": "http://localhost",
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
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In the place of pytest-django's, whose flush takes the roles along that a migration made."""
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            empty_tables()


@pytest.fixture
def portal(server: LiveServer, transactional_db: None) -> Iterator[str]:
    """The portal's address."""
    with override_settings(**OVER_HTTP, ALLOWED_HOSTS=["localhost"]):
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


@pytest.fixture
def stage(open_stage: Callable[..., Stage], request: pytest.FixtureRequest) -> Stage:
    """One window, 1440x900 unless the marker `window` says otherwise."""
    marker = request.node.get_closest_marker("window")
    return open_stage(**(marker.kwargs if marker else {}))


def let_requests_end() -> None:
    """The windows are closed, yet a busy machine may still be busy with what they asked for, on our database."""
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(20)


def empty_tables() -> None:
    for model in apps.get_models():
        if model._meta.managed and model._meta.label not in FROM_MIGRATIONS:
            model._default_manager.all().delete()
