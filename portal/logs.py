"""One JSON object a line, each with the request's id. Control characters cannot break a line: JSON escapes them."""

from __future__ import annotations

import logging

from pythonjsonlogger.json import JsonFormatter

from accounts import trace
from portal.middleware import LOGGED_ID


class AddRequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        served = getattr(getattr(record, "request", None), "META", {})
        record.request_id = trace.request_id.get() or served.get(LOGGED_ID, "")
        return True


class JsonLines(JsonFormatter):
    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}{request_id}",
            style="{",
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            json_ensure_ascii=True,
        )
