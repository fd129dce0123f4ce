from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from mfa import kinds
from mfa.models import Factor
from tests.mfa.doors import add_factor, give_role, sign_in
from tests.mfa.sample_kind import SampleKind, SecondKind


@pytest.fixture
def sample_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two kinds of factors that answer to words, instead of the configured ones."""
    registry = {kind.slug: kind for kind in (SampleKind(), SecondKind())}
    monkeypatch.setattr(kinds, "registry", lambda: registry)


@pytest.fixture
def signed_in(client: Client) -> Callable[..., Client]:
    """`signed_in(user, factor)` gives the client an open session; without a factor none was shown."""

    def open_session(user: User, factor: Factor | None = None, **options: object) -> Client:
        sign_in(client, user, factor, **options)  # type: ignore[arg-type]  # checked there
        return client

    return open_session


@pytest.fixture
def staff(make_user: Callable[..., User], signed_in: Callable[..., Client]) -> Callable[..., Client]:
    """`staff("helpdesk")` is a client in which a person with that role is signed in with a second factor."""

    def open_as(role: str, **options: object) -> Client:
        user = give_role(make_user(f"{role}-person"), role)
        return signed_in(user, add_factor(user), **options)

    return open_as
