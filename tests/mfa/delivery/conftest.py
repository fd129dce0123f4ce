from __future__ import annotations

from datetime import datetime

import pytest
from pytest_django import Settings

from tests.mfa.delivery.messages import Clock
from tests.services.http_gateway import HttpGateway
from tests.services.twilio import Twilio


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


@pytest.fixture
def by_http(settings: Settings, http_gateway: HttpGateway) -> HttpGateway:
    """SMS leave by the HTTP gateway, which is empty and well."""
    http_gateway.reset()
    settings.DEBUG = True  # it speaks plain http on this machine
    settings.SMS_GATEWAYS = ["http"]
    settings.SMS_HTTP_URL = http_gateway.url
    settings.SMS_HTTP_TOKEN = "token-of-the-provider"
    return http_gateway


@pytest.fixture
def by_twilio(settings: Settings, twilio: Twilio) -> Twilio:
    """SMS leave by Twilio's API, which is well."""
    twilio.reset()
    settings.DEBUG = True  # it speaks plain http on this machine
    settings.SMS_GATEWAYS = ["twilio"]
    settings.SMS_TWILIO_URL = twilio.url
    settings.SMS_TWILIO_ACCOUNT = twilio.account
    settings.SMS_TWILIO_TOKEN = twilio.token
    return twilio
