"""One JSON object a line, each with the request's id. Control characters cannot break a line: JSON escapes them."""

from __future__ import annotations

import logging
import re

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from accounts import trace
from portal.middleware import LOGGED_ID

TOKEN = re.compile(r"(?i)(?:(?<=/)|(?<=%2f))[a-z0-9_-]{20,}")
"""A part of a path that long is the token of a link."""
SPEAK_OF_PATHS = ("django.", "gunicorn.")


class AddRequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        served = getattr(getattr(record, "request", None), "META", {})
        record.request_id = trace.request_id.get() or served.get(LOGGED_ID, "")
        return True


class HideTokens(logging.Filter):
    """Who reads the log must not be able to follow a link that somebody was sent: paths lose their tokens."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith(SPEAK_OF_PATHS) and isinstance(record.args, tuple):
            record.args = tuple(TOKEN.sub("(token)", arg) if isinstance(arg, str) else arg for arg in record.args)
        return True


class JsonLines(JsonFormatter):
    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}{request_id}",
            style="{",
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            json_ensure_ascii=True,
            reserved_attrs=[*RESERVED_ATTRS, "request"],  # its words are the whole address again
        )
