"""One id from the answer to the last row and line."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO

import pytest

from mfa.models import Application, AuditEvent, AuthenticationRecord
from portal.logs import AddRequestId, JsonLines
from tests.mfa.api.conftest import Call


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """What the portal's own handler would write."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    handler.addFilter(AddRequestId())
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def test_answer_log_rows_and_log_lines_share_one_id(
    call: Call, vpn: Application, key_of: Callable[..., str], lines: StringIO
) -> None:
    key = key_of(vpn)
    judged = call("verify", key, username="nobody", password="x", code="123456")
    assert AuthenticationRecord.objects.get().request_id == judged.headers["X-Request-Id"]
    refused = call("verify", key, address="192.0.2.9", username="nobody", code="123456")
    assert AuditEvent.objects.get(action="application.key-refused").request_id == refused.headers["X-Request-Id"]
    ids = {json.loads(line)["request_id"] for line in lines.getvalue().splitlines() if "192.0.2.9" in line}
    assert ids == {refused.headers["X-Request-Id"]}
