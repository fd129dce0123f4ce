"""Mail through a real mail server: encrypted, signed in, and honest about what is known."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.models import User
from mfa.delivery import mail, smtp as conversation
from mfa.delivery.gateways.base import GatewayError, Message
from mfa.models import Delivery
from tests.mfa.delivery.messages import Clock, a_trace, attempt, attempt_when_due, queued_mail
from tests.services.smtp import Smtp

State = Delivery.State


def test_a_mail_leaves_encrypted_and_signed_in(alice: User, clock: Clock, by_smtp: Smtp) -> None:
    delivery = queued_mail(alice, now=clock())
    sent = attempt(delivery, clock)
    assert (sent.state, sent.gateway, sent.body) == (State.SENT, "smtp", "")
    letter = by_smtp.wait_for("alice@example.test")
    assert letter.encrypted
    assert letter.user == by_smtp.username
    assert letter.sender == "portal@portal.test"
    assert letter.message["Subject"] == "A second factor was added"
    assert letter.message["Message-ID"] == f"<{delivery.key}@portal.test>"
    assert letter.message["Auto-Submitted"] == "auto-generated"
    assert "Hello Alice Sample," in letter.text
    assert "helpdesk@portal.test" in letter.text


@pytest.mark.row("F-05")
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_4xx_is_tried_again_and_arrives_once(alice: User, clock: Clock, by_smtp: Smtp, step: str) -> None:
    by_smtp.refuse(step, "451 Try again later", times=1)
    delivery = queued_mail(alice, now=clock())
    assert attempt(delivery, clock).state == State.QUEUED
    assert attempt_when_due(delivery, clock).state == State.SENT
    assert len(by_smtp.messages) == 1


@pytest.mark.row("F-05")
@pytest.mark.parametrize(("step", "what"), [("MAIL", "the sender"), ("RCPT", "the recipient"), ("DATA", "the mail")])
def test_a_5xx_is_final(alice: User, clock: Clock, by_smtp: Smtp, step: str, what: str) -> None:
    by_smtp.refuse(step, "550 No such user here")
    failed = attempt(queued_mail(alice, now=clock()), clock)
    assert (failed.state, failed.body) == (State.FAILED, "")
    assert failed.error == f"the mail server refused {what} (550)"


def test_a_refused_account_of_the_portal_is_worth_another_try(alice: User, clock: Clock, by_smtp: Smtp) -> None:
    by_smtp.refuse("AUTH", "535 Wrong password", times=2)  # both ways to sign in
    delivery = queued_mail(alice, now=clock())
    waiting = attempt(delivery, clock)
    assert (waiting.state, waiting.error) == (State.QUEUED, "the mail server refused the portal's account (535)")
    assert attempt_when_due(delivery, clock).state == State.SENT


def test_a_server_that_is_down_delays_the_mail(alice: User, clock: Clock, by_smtp: Smtp) -> None:
    by_smtp.stop()
    delivery = queued_mail(alice, now=clock())
    assert attempt(delivery, clock).state == State.QUEUED
    by_smtp.start()
    assert attempt_when_due(delivery, clock).state == State.SENT


@pytest.mark.row("F-05")
def test_a_mail_whose_confirmation_is_lost_is_not_sent_again(alice: User, clock: Clock, by_smtp: Smtp) -> None:
    by_smtp.hang_up("DATA")
    delivery = queued_mail(alice, now=clock())
    assert attempt(delivery, clock).state == State.UNCERTAIN
    clock.forward(hours=1)
    attempt(delivery, clock)
    assert len(by_smtp.messages) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_a_line_cut_before_the_content_is_surely_not_sent(alice: User, clock: Clock, by_smtp: Smtp, step: str) -> None:
    by_smtp.hang_up(step)
    delivery = queued_mail(alice, now=clock())
    assert attempt(delivery, clock).state == State.QUEUED
    assert attempt_when_due(delivery, clock).state == State.SENT


def test_silence_after_the_content_is_doubt(
    alice: User, clock: Clock, by_smtp: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "DATA_SECONDS", 0.3)
    by_smtp.delay("DATA", 1, times=1)
    assert attempt(queued_mail(alice, now=clock()), clock).state == State.UNCERTAIN


def test_a_certificate_nobody_vouches_for_is_refused(
    alice: User, clock: Clock, by_smtp: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    waiting = attempt(queued_mail(alice, now=clock()), clock)
    assert waiting.state == State.QUEUED
    assert "certificate" in waiting.error
    assert by_smtp.messages == []


def test_a_server_without_encryption_gets_nothing(alice: User, clock: Clock, by_smtp: Smtp, settings: Settings) -> None:
    settings.EMAIL_URL = f"smtp+starttls://127.0.0.1:{by_smtp.port}"
    assert attempt(queued_mail(alice, now=clock()), clock).state == State.QUEUED
    assert by_smtp.messages == []


def test_plain_smtp_is_for_this_machine_only(alice: User, clock: Clock, by_smtp: Smtp, settings: Settings) -> None:
    settings.EMAIL_URL = f"smtp://127.0.0.1:{by_smtp.port}"
    assert attempt(queued_mail(alice, now=clock()), clock).state == State.SENT
    settings.EMAIL_URL = "smtp://mail.example.test"
    waiting = attempt(queued_mail(alice, now=clock()), clock)
    assert "outside development" in waiting.error


@pytest.mark.row("T-65")
@pytest.mark.row("A-1.3.11")
@pytest.mark.parametrize(
    "address",
    [
        "a@b.test\r\nBcc: c@d.test",
        "a@b.test\nBcc: c@d.test",
        "a@b.test, c@d.test",
        "a@b.test>, <c@d.test",
        "a@b.test c@d.test",
        "<a@b.test>",
        "@b.test",
        "a@",
        "nobody",
        "ä@b.test",
        "a" * 80 + "\x01@b.test",
    ],
)
def test_what_is_not_one_address_gets_nothing(alice: User, clock: Clock, by_smtp: Smtp, address: str) -> None:
    failed = attempt(queued_mail(alice, now=clock(), address=address), clock)
    assert failed.state == State.FAILED
    assert by_smtp.messages == []


def test_a_domain_in_another_script_is_written_in_ascii() -> None:
    assert "xn--" in str(mail.written(Message("a@bücher.test", "text", "key", "s"))["To"])


@pytest.mark.row("T-65")
def test_a_subject_with_line_breaks_is_no_header() -> None:
    with pytest.raises(GatewayError):
        mail.written(Message("a@b.test", "text", "key", "s\r\nBcc: c@d.test"))


def test_a_line_that_begins_with_a_dot_arrives(by_smtp: Smtp) -> None:
    mail.SMTP_SERVER.hand_over(Message("a@b.test", "one\n.\n..two\nBcc: c@d.test\n", "key", "Subject"), a_trace())
    letter = by_smtp.wait_for("a@b.test")
    assert letter.text == "one\n.\n..two\nBcc: c@d.test\n"
    assert letter.recipients == ["a@b.test"]
