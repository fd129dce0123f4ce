"""Pytest plugin: a mail server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.services.servers.smtp import Smtp, smtp_server
from tests.services.servers.smtp_session import Mail
from tests.services.started import started

__all__ = ["Mail", "Smtp", "by_smtp", "smtp", "smtp_server"]


@pytest.fixture(scope="session")
def smtp() -> Iterator[Smtp]:
    """A mail server with a plain port and a port with STARTTLS and AUTH; `smtp.reset()` forgets mails and refusals."""
    with started(smtp_server()) as server:
        yield server


@pytest.fixture
def by_smtp(settings: Settings, smtp: Smtp, monkeypatch: pytest.MonkeyPatch) -> Iterator[Smtp]:
    """Mail leaves by STARTTLS with AUTH, to a server that is well and has none yet."""
    smtp.reset()
    monkeypatch.setenv("SSL_CERT_FILE", str(smtp.ca_file))
    settings.EMAIL_URL = f"smtp+starttls://{smtp.username}:{smtp.password}@127.0.0.1:{smtp.tls_port}"
    yield smtp
    smtp.reset()
