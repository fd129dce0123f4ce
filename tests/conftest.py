"""What every test may ask for: people, a clock, a signed-in client, and real servers by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import hypothesis
import pytest
from django.test import Client

from accounts.models import User

pytest_plugins = [
    f"tests.services.{name}"
    for name in ("chromium", "http_gateway", "kannel", "postgres", "redis", "samba", "slapd", "smtp", "twilio")
] + ["tests.spread"]

hypothesis.settings.load_profile("ci")  # the same examples wherever it runs, and none judged by its milliseconds

PASSWORD = "correct horse battery staple"
UNCOUNTED = ("tests/browser/", "tests/sweeps/")
"""They run over nearly every line and judge few: they are no reason to call a line tested, and slow when traced."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(UNCOUNTED):
            item.add_marker("no_cover")


@pytest.fixture
def now() -> datetime:
    """A fixed moment for acts that take their time as an argument."""
    return datetime(2026, 3, 2, 9, 31, 4, tzinfo=UTC)


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Make a local account: `make_user("alice", phone="+4917012345678", ...)`; the password is PASSWORD."""

    def make(username: str = "alice", **fields: object) -> User:
        fields.setdefault("email", f"{username}@example.test")
        return User.objects.create_user(username, PASSWORD, **fields)

    return make


@pytest.fixture
def alice(make_user: Callable[..., User]) -> User:
    return make_user("alice", name="Alice Sample")


@pytest.fixture
def client() -> Client:
    """A browser that speaks https, checks CSRF and reports server errors as pages, as a real one would see them."""
    return Client(enforce_csrf_checks=False, headers={"host": "portal.test"}, SERVER_NAME="portal.test")
