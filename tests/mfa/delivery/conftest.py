from __future__ import annotations

from datetime import datetime

import pytest
from pytest_django import Settings

from tests.mfa.delivery.messages import Clock
from tests.services.http_gateway import HttpGateway
from tests.services.kannel import Kannel
from tests.services.smtp import Smtp
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
def by_kannel(settings: Settings, kannel: Kannel) -> Kannel:
    """SMS leave by Kannel, which is well."""
    kannel.start()
    kannel.clear()
    settings.SMS_GATEWAYS = ["kannel"]
    settings.SMS_KANNEL_URL = kannel.url
    settings.SMS_KANNEL_USERNAME = kannel.username
    settings.SMS_KANNEL_PASSWORD = kannel.password
    return kannel


@pytest.fixture
def by_smtp(settings: Settings, smtp: Smtp, monkeypatch: pytest.MonkeyPatch) -> Smtp:
    """Mail leaves by STARTTLS with AUTH."""
    smtp.reset()
    monkeypatch.setenv("SSL_CERT_FILE", str(smtp.ca_file))
    settings.EMAIL_URL = f"smtp+starttls://{smtp.username}:{smtp.password}@127.0.0.1:{smtp.tls_port}"
    return smtp


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
