"""Pytest plugin: Kannel with a pretended mobile network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.services.servers.fakesmsc_log import Message
from tests.services.servers.kannel import Kannel, kannel_server
from tests.services.started import started

__all__ = ["Kannel", "Message", "by_kannel", "kannel", "kannel_server"]


@pytest.fixture(scope="session")
def kannel() -> Iterator[Kannel]:
    """A Kannel connected to a pretended mobile network; `kannel.clear()` forgets the messages so far."""
    with started(kannel_server()) as server:
        yield server


@pytest.fixture
def by_kannel(settings: Settings, kannel: Kannel) -> Kannel:
    """SMS leave by Kannel, which is well and has none yet."""
    kannel.start()
    kannel.clear()
    settings.SMS_GATEWAYS = ["kannel"]
    settings.SMS_KANNEL_URL = kannel.url
    settings.SMS_KANNEL_USERNAME = kannel.username
    settings.SMS_KANNEL_PASSWORD = kannel.password
    return kannel
