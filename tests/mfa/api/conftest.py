from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.models import Application
from tests.answers import Answer

Call = Callable[..., Answer]


@pytest.fixture
def vpn(db: None) -> Application:
    return Application.objects.create(slug="vpn", name="VPN")


@pytest.fixture
def key_of(make_user: Callable[..., User]) -> Callable[..., str]:
    """`key_of(application, verbs=..., networks=..., days=30)` is the text of a new key."""

    def issue(
        application: Application,
        *,
        verbs: tuple[Verb, ...] = tuple(Verb),
        networks: tuple[str, ...] = ("127.0.0.0/8",),
        days: int = 30,
    ) -> str:
        actor = User.objects.filter(username="operator").first() or make_user("operator")
        now = timezone.now()
        return clients.issue(
            application, verbs=verbs, networks=networks, expires_at=now + timedelta(days=days), actor=actor, now=now
        )

    return issue


@pytest.fixture
def call(client: Client) -> Call:
    """`call("verify", key, username="alice", code="123456")` posts JSON as an application does."""

    def post(path: str, key: str, *, address: str = "127.0.0.1", raw: bytes | None = None, **body: Any) -> Answer:
        return client.post(
            f"/api/v1/{path}",
            json.dumps(body).encode() if raw is None else raw,
            content_type="application/json",
            headers={"authorization": f"Bearer {key}"} if key else {},
            secure=True,
            REMOTE_ADDR=address,
        )

    return post
