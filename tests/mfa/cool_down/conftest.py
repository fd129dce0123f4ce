from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import timezone

from mfa.models import Application
from tests.mfa.cool_down.acting import HOURS


@pytest.fixture
def start() -> datetime:
    return timezone.now()


@pytest.fixture(autouse=True)
def bank(db: None) -> Application:
    """Sensitive; takes all kinds that can be typed."""
    kinds = ["totp", "sms", "token", "email", "recovery", "motp", "temporary"]
    return Application.objects.create(slug="bank", name="Bank", kinds=kinds, cool_down_hours=HOURS)


@pytest.fixture(autouse=True)
def wiki(db: None) -> Application:
    return Application.objects.create(slug="wiki", name="Wiki")
