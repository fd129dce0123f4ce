from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from tests.mfa.doors import give_role
from tests.stories import acting


@pytest.fixture
def agent(make_user: Callable[..., User]) -> acting.Person:
    """Somebody of helpdesk, signed in at a browser of their own."""
    return acting.with_app(Client(SERVER_NAME="portal.test"), give_role(make_user("hanna"), "helpdesk"))
