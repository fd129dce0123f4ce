from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import time_machine

from accounts.models import User
from tests.mfa.read_back.calls import NOON, OLD


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    return make_user("bob", phone=OLD, phone_source="directory", phone_confirmed_at=NOON)
