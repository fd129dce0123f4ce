"""Pytest plugin: a mail server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.servers.smtp import Smtp, smtp_server
from tests.services.servers.smtp_session import Mail
from tests.services.started import started

__all__ = ["Mail", "Smtp", "smtp", "smtp_server"]


@pytest.fixture(scope="session")
def smtp() -> Iterator[Smtp]:
    """A mail server with a plain port and a port with STARTTLS and AUTH; `smtp.reset()` forgets mails and refusals."""
    with started(smtp_server()) as server:
        yield server
