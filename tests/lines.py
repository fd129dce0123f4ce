"""What the portal's own handler would write of all that is logged meanwhile."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest

from portal.logs import AddRequestId, JsonLines


class Lines:
    def __init__(self) -> None:
        self.written = StringIO()

    def of(self, request_id: str) -> list[str]:
        """The messages that were logged for this request."""
        return [record["message"] for record in self.all() if record["request_id"] == request_id]

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    found, root = Lines(), logging.getLogger()
    handler, level = logging.StreamHandler(found.written), root.level
    handler.setFormatter(JsonLines())
    handler.addFilter(AddRequestId())
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield found
    root.setLevel(level)
    root.removeHandler(handler)
