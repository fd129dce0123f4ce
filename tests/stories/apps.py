"""What stories about an authenticator app have in common: the hour, a browser, and setting one up."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from mfa.models import Factor
from tests.stories import acting
from tests.stories.authenticator import Phone, scan

NOON = datetime(2026, 3, 2, 12, 0, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Noon, until a test moves it."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def signed_in(client: Client, alice: User) -> Client:
    """Alice with her password alone: she has no factor yet."""
    acting.give_password(client, "alice")
    return client


def get(client: Client, path: str) -> Any:
    return client.get(path, secure=True)


def post(client: Client, path: str, **typed: str) -> Any:
    return client.post(path, typed, secure=True)


def follow(client: Client, answer: Any) -> Any:
    assert answer.status_code == 302, answer.content.decode()
    return get(client, answer.headers["Location"])


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def set_up(client: Client, name: str = "Work phone") -> Phone:
    phone = scan(follow(client, post(client, "/totp/add/", name=name)))
    assert post(client, "/totp/scan/", code=phone.code()).status_code == 302
    return phone


def pk_of(name: str) -> int:
    return int(Factor.objects.get(name=name).pk)
