"""One record is one line of JSON, whatever people put into it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from accounts import trace
from portal.logs import AddRequestId, JsonLines
from tests.tables import BAD_NAMES

Written = Callable[[], list[dict[str, Any]]]
INJECTIONS = [
    "a\r\n2026-01-01 verified user=admin",
    "\x1b[31mred\x1b[0m",
    "\u2028line\u2029\x85",
    '","level":"ERROR',
    "\x00",
]


@pytest.fixture
def logger() -> tuple[logging.Logger, Written]:
    """A logger that writes as the portal does, and what it wrote."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(AddRequestId())
    log = logging.Logger("portal.test")
    log.addHandler(handler)
    return log, lambda: [json.loads(line) for line in stream.getvalue().split("\n") if line]


@pytest.mark.row("A-16.4.1")
@pytest.mark.parametrize("text", [*INJECTIONS, *BAD_NAMES])
def test_text_of_people_stays_in_its_record(logger: tuple[logging.Logger, Written], text: str) -> None:
    log, written = logger
    log.warning("refused %s", text, extra={"username": text})
    records = written()
    assert len(records) == 1
    assert records[0]["message"] == f"refused {text}"
    assert records[0]["username"] == text
    assert records[0]["level"] == "WARNING"


@pytest.mark.row("A-16.2.1")
def test_record_says_when_where_and_for_which_request(logger: tuple[logging.Logger, Written]) -> None:
    log, written = logger
    token = trace.request_id.set("0af7651916cd43dd")
    log.info("hello")
    trace.request_id.reset(token)
    record = written()[0]
    assert (record["logger"], record["message"], record["request_id"]) == ("portal.test", "hello", "0af7651916cd43dd")
    assert datetime.fromisoformat(record["time"]).tzinfo is not None


@pytest.mark.row("A-16.5.4")
def test_traceback_is_one_line_too(logger: tuple[logging.Logger, Written]) -> None:
    log, written = logger
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        log.exception("broke")
    records = written()
    assert len(records) == 1
    assert "ValueError: first\nsecond" in records[0]["exc_info"]


@pytest.mark.row("T-56")
def test_a_link_that_is_refused_cannot_be_followed_by_who_reads_the_log(db: None) -> None:
    token, code = "aB3-_" * 8 + "xyz", "BCDF" * 6
    link = f"/sms/undo/{token}/{code}/"
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    in_use = next(one for one in root.handlers if isinstance(one.formatter, JsonLines))
    handler.setFormatter(in_use.formatter)
    handler.filters = in_use.filters
    root.addHandler(handler)
    try:
        browser = Client(enforce_csrf_checks=True, SERVER_NAME="portal.test")
        refused = [
            browser.head(link, secure=True), browser.post(link, secure=True), browser.get(link, secure=True),
            browser.get(f"{link}.", secure=True), browser.put("/sign-in/", QUERY_STRING=f"next={link}", secure=True),
            browser.post("/sign-in/", secure=True, headers={"referer": f"https://portal.test.evil.test{link}"}),
        ]  # fmt: skip
    finally:
        root.removeHandler(handler)
    assert [answer.status_code for answer in refused] == [405, 403, 410, 404, 403, 403]
    assert len(stream.getvalue().splitlines()) == 6
    assert token not in stream.getvalue()
    assert code not in stream.getvalue()
