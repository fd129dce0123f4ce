"""Who lives the stories: a person at a window, and helpdesk at two others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.utils import timezone

from tests.browser.stage import Stage, person
from tests.browser.stories_of_factors.desk import Desk
from tests.browser.stories_of_factors.life import Life
from tests.browser.stories_of_factors.walk import Pages, Walk


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The portal's clock, which goes on by itself and can be put forward. The browser keeps its own."""
    with time_machine.travel(timezone.now(), tick=True) as traveller:
        yield traveller


@pytest.fixture(scope="session")
def looked_at() -> Pages:
    """A page that stands in several stories is looked at in one."""
    return set()


@pytest.fixture
def life(open_stage: Callable[..., Stage], clock: time_machine.Traveller, looked_at: Pages) -> Life:
    """Alice, who has a password and nothing else yet."""
    return Life(person(), Walk(open_stage(phone=True), looked_at), Desk(open_stage, looked_at), clock)
