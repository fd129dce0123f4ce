"""A server in this process on the test's own database, and what it leaves behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.apps import apps
from pytest_django import DjangoDbBlocker

FROM_MIGRATIONS = {
    "auth.Group", "auth.Permission", "contenttypes.ContentType", "django_celery_beat.PeriodicTask",
    "django_celery_beat.PeriodicTasks", "django_celery_beat.IntervalSchedule", "django_celery_beat.CrontabSchedule",
}  # fmt: skip
"""Tables whose rows the other tests in this process count on."""


@pytest.fixture
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """In the place of pytest-django's, whose flush takes the roles along that a migration made."""
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            empty_tables()


def let_requests_end() -> None:
    """The windows are closed, yet a busy machine may still be busy with what they asked for, on our database."""
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(20)


def empty_tables() -> None:
    for model in apps.get_models():
        if model._meta.managed and model._meta.label not in FROM_MIGRATIONS:
            model._default_manager.all().delete()
