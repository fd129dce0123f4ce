"""The conversation with a real mail server: every step is kept, every fault at every step ends as it should."""

from __future__ import annotations

import io
import json
import logging
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from mfa.delivery import outbox, smtp as conversation
from mfa.models import Delivery
from portal.logs import JsonLines
from tests.mfa.delivery.messages import Clock, attempt, attempt_when_due, queued_mail, steps_of
from tests.services.smtp import Smtp

State = Delivery.State

BEFORE_THE_MAIL = ("GREETING", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA-COMMAND")
JUDGED = ("MAIL", "RCPT", "DATA-COMMAND", "DATA")
NAMES = {"DATA-COMMAND": "data", "DATA": "content"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STEP_SECONDS", "DATA_SECONDS", "QUIT_SECONDS"):
        monkeypatch.setattr(conversation, name, 0.3)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that any logger says at DEBUG, but for the mail server's own, which runs in this process."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(lambda record: record.name != "mail.log")
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def name_of(step: str) -> str:
    return NAMES.get(step, step.lower())


def code_mail(user: User, *, clock: Clock, code: str = "271828") -> Delivery:
    until = clock() + timedelta(minutes=10)
    return outbox.queue_mail(user, user.email, "code", {"code": code, "minutes": 10}, now=clock(), worth_until=until)


def test_every_step_is_kept_with_its_time_and_reply(alice: User, clock: Clock, by_smtp: Smtp) -> None:
    sent = attempt(queued_mail(alice, now=clock()), clock)
    steps = steps_of(sent)
    names = [
        "connect",
        "greeting",
        "ehlo",
        "starttls",
        "tls",
        "ehlo",
        "auth",
        "mail",
        "rcpt",
        "data",
        "content",
        "quit",
    ]
    assert [step["step"] for step in steps] == names
    said = {step["step"]: step.get("said", "") for step in steps}
    assert said["connect"] == f"127.0.0.1:{by_smtp.tls_port}"
    assert (said["auth"], said["rcpt"], said["quit"]) == ("AUTH PLAIN ***", "RCPT TO:<(recipient)>", "QUIT")
    assert re.fullmatch(r"\(\d+ bytes\)", said["content"])
    replies = {step["step"]: step.get("code") for step in steps}
    assert replies | {"connect": None, "tls": None} == {
        "connect": None, "greeting": 220, "ehlo": 250, "starttls": 220, "tls": None, "auth": 235, "mail": 250,
        "rcpt": 250, "data": 354, "content": 250, "quit": 221,
    }  # fmt: skip
    assert next(step for step in steps if step["step"] == "tls")["text"].startswith("TLSv1.")
    assert next(step for step in steps if step["step"] == "content")["text"] == "OK: kept"
    assert all(isinstance(step["ms"], int) and step["ms"] >= 0 for step in steps)
    assert (sent.trace[0]["try"], sent.trace[0]["gateway"], sent.trace[0]["at"]) == (1, "smtp", clock().isoformat())


@pytest.mark.row("F-05")
@pytest.mark.parametrize("step", [*BEFORE_THE_MAIL, "DATA"])
def test_a_4xx_at_any_step_is_kept_tried_again_and_arrives_once(
    alice: User, clock: Clock, by_smtp: Smtp, step: str
) -> None:
    times = {"EHLO": 1, "AUTH": 2}.get(step, 1)  # smtplib tries both ways to sign in
    by_smtp.refuse(step, "451 4.7.1 Come back later", times=times)
    delivery = queued_mail(alice, now=clock())
    waiting = attempt(delivery, clock)
    assert waiting.state == State.QUEUED
    found = [one for one in steps_of(waiting) if one.get("code") == 451]
    assert found
    assert {(one["step"], one["text"]) for one in found} == {(name_of(step), "4.7.1 Come back later")}
    sent = attempt_when_due(delivery, clock)
    assert sent.state == State.SENT
    assert [one["try"] for one in sent.trace] == [1, 2]
    assert len(by_smtp.messages) == 1


@pytest.mark.row("F-05")
@pytest.mark.parametrize("step", [*BEFORE_THE_MAIL, "DATA"])
def test_a_5xx_is_final_where_it_is_about_the_mail_and_not_about_the_portal(
    alice: User, clock: Clock, by_smtp: Smtp, step: str
) -> None:
    by_smtp.refuse(step, "550 5.1.1 No")
    ended = attempt(queued_mail(alice, now=clock()), clock)
    assert ended.state == (State.FAILED if step in JUDGED else State.QUEUED)
    assert by_smtp.messages == []


@pytest.mark.row("F-05")
@pytest.mark.parametrize("fault", ["stall", "reset"])
@pytest.mark.parametrize("step", BEFORE_THE_MAIL)
def test_silence_and_a_cut_line_before_the_mail_are_surely_not_sent(
    alice: User, clock: Clock, by_smtp: Smtp, step: str, fault: str
) -> None:
    if fault == "stall":
        by_smtp.delay(step, 0.6, times=1)
    else:
        by_smtp.hang_up(step)
    delivery = queued_mail(alice, now=clock())
    waiting = attempt(delivery, clock)
    assert waiting.state == State.QUEUED
    last = [one for one in steps_of(waiting) if one["step"] == name_of(step)][-1]
    assert last["text"] == ("no answer in time" if fault == "stall" else "the connection broke")
    assert attempt_when_due(delivery, clock).state == State.SENT
    assert len(by_smtp.messages) == 1


@pytest.mark.row("F-05")
@pytest.mark.parametrize("fault", ["stall", "reset"])
def test_silence_and_a_cut_line_after_the_mail_are_doubt(alice: User, clock: Clock, by_smtp: Smtp, fault: str) -> None:
    if fault == "stall":
        by_smtp.delay("DATA", 0.6, times=1)
    else:
        by_smtp.hang_up("DATA")
    doubtful = attempt(queued_mail(alice, now=clock()), clock)
    assert doubtful.state == State.UNCERTAIN
    assert [one["step"] for one in steps_of(doubtful)][-1] in ("content", "quit")


@pytest.mark.parametrize("fault", ["4xx", "stall", "reset"])
def test_what_happens_at_the_goodbye_changes_nothing(alice: User, clock: Clock, by_smtp: Smtp, fault: str) -> None:
    if fault == "4xx":
        by_smtp.refuse("QUIT", "421 Busy", times=1)
    elif fault == "stall":
        by_smtp.delay("QUIT", 0.6, times=1)
    else:
        by_smtp.hang_up("QUIT")
    assert attempt(queued_mail(alice, now=clock()), clock).state == State.SENT
    assert len(by_smtp.messages) == 1


@pytest.mark.row("F-05")
def test_a_code_passes_a_greylist_while_it_is_valid(alice: User, clock: Clock, by_smtp: Smtp) -> None:
    """As such servers do it: nothing for the first five minutes, then everything."""
    delivery, began = code_mail(alice, clock=clock), clock()
    while clock() < began + timedelta(minutes=5):
        by_smtp.reset()
        by_smtp.refuse("RCPT", "450 4.2.0 Greylisted, see you in 300 seconds")
        assert attempt(delivery, clock).state == State.QUEUED
        clock.at = Delivery.objects.get(pk=delivery.pk).next_try_at
    by_smtp.reset()
    sent = attempt(delivery, clock)
    assert sent.state == State.SENT
    assert clock() < sent.expires_at  # type: ignore[operator]  # it has one
    assert "271828" in by_smtp.wait_for(alice.email).text
    assert len(sent.trace) <= 10


@pytest.mark.row("F-05")
def test_a_code_that_no_server_took_in_time_is_not_sent_late(alice: User, clock: Clock, by_smtp: Smtp) -> None:
    by_smtp.refuse("RCPT", "450 4.2.0 Greylisted", times=1)
    delivery = code_mail(alice, clock=clock)
    attempt(delivery, clock)
    clock.forward(minutes=10)
    attempt(delivery, clock)
    assert by_smtp.messages == []


@pytest.mark.row("T-56")
@pytest.mark.row("A-16.2.5")
def test_no_password_and_no_code_is_in_trace_tables_or_logs_even_when_the_server_repeats_them(
    alice: User, clock: Clock, by_smtp: Smtp, log: io.StringIO
) -> None:
    exchange = b64encode(f"\0{by_smtp.username}\0{by_smtp.password}".encode()).decode()
    by_smtp.refuse("AUTH", f"535 5.7.8 {by_smtp.password} {exchange} is wrong", times=2)
    by_smtp.refuse("DATA", "451 4.3.0 I read: 271828 IS YOUR CODE for alice@example.test", times=1)
    delivery = code_mail(alice, clock=clock)
    attempt(delivery, clock)
    refused = attempt_when_due(delivery, clock)
    assert "I read: *** IS YOUR CODE for (recipient)" in json.dumps(refused.trace)
    assert "535" in json.dumps(refused.trace)
    by_smtp.refuse("DATA", "250 2.0.0 kept 271828 as 42", times=1)
    sent = attempt_when_due(delivery, clock)
    assert (sent.state, sent.reference) == (State.SENT, "2.0.0 kept *** as 42")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM mfa_delivery")
        table = str(cursor.fetchall())
    secrets = [by_smtp.password, exchange, b64encode(by_smtp.password.encode()).decode(), "271828"]
    for sink in (table, log.getvalue()):
        assert [secret for secret in secrets if secret in sink] == []
    assert alice.email not in json.dumps(sent.trace)
    assert len(log.getvalue()) > 100


def test_a_certificate_nobody_vouches_for_is_named_in_the_trace(
    alice: User, clock: Clock, by_smtp: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    last = steps_of(attempt(queued_mail(alice, now=clock()), clock))[-1]
    assert last["step"] == "tls"
    assert last["text"].startswith("the certificate is not trusted")


def test_a_server_without_encryption_and_one_that_is_down_are_named(
    alice: User, clock: Clock, by_smtp: Smtp, settings: Settings
) -> None:
    settings.EMAIL_URL = f"smtp+starttls://127.0.0.1:{by_smtp.port}"
    last = steps_of(attempt(queued_mail(alice, now=clock()), clock))[-1]
    assert (last["step"], last["text"]) == ("starttls", "the server does not offer encryption")
    settings.EMAIL_URL = "smtp+starttls://127.0.0.1:1"
    (only,) = steps_of(attempt(queued_mail(alice, now=clock()), clock))
    assert (only["step"], only["text"]) == ("connect", "the connection was refused")


def test_the_trace_of_an_ordinary_message_costs_no_statement(alice: User, clock: Clock, by_smtp: Smtp) -> None:
    delivery = queued_mail(alice, now=clock())
    with CaptureQueriesContext(connection) as seen:
        assert attempt(delivery, clock).trace
    assert len(seen) == 5  # claim, read, begin, outcome; and the look of this test
