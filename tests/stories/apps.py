"""What stories about an authenticator app have in common: somebody without a factor, and setting one up."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from mfa.models import Factor
from tests.stories import acting
from tests.stories.authenticator import Phone, scan
from tests.stories.browsing import follow, post


@pytest.fixture
def signed_in(client: Client, alice: User) -> Client:
    """Alice with her password alone: she has no factor yet."""
    acting.give_password(client, "alice")
    return client


def set_up(client: Client, name: str = "Work phone") -> Phone:
    phone = scan(follow(client, post(client, "/totp/add/", name=name)))
    assert post(client, "/totp/scan/", code=phone.code()).status_code == 302
    return phone


def pk_of(name: str) -> int:
    return int(Factor.objects.get(name=name).pk)
