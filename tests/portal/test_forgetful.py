"""Pages while the cache's server is away."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from portal import parse
from tests.mfa.doors import add_factor, sign_in
from tests.services.servers.ports import free_port


@pytest.fixture(autouse=True)
def away(settings: Settings) -> None:
    settings.CACHES = {"default": parse.cache(f"redis://127.0.0.1:{free_port()}/0")}


@pytest.mark.row("F-03")
def test_a_cache_whose_server_is_away_finds_nothing_and_keeps_nothing() -> None:
    cache.set("a", 1)
    assert cache.get("a", "nothing") == "nothing"
    assert not cache.add("a", 1)
    assert cache.get_or_set("a", 7) == 7
    with pytest.raises(ValueError, match="a"):
        cache.incr("a")


@pytest.mark.row("F-03")
def test_a_number_is_previewed_without_a_cache(client: Client, alice: User) -> None:
    sign_in(client, alice, add_factor(alice))
    fields = {"region": "DE", "number": "0151 12345678"}
    assert client.post("/sms/preview/", fields, secure=True).status_code == 200
