"""The mail server keeps what it accepts and refuses what it was told to refuse."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage

import pytest

from tests.services.smtp import Smtp


@pytest.fixture(autouse=True)
def _no_mail(smtp: Smtp) -> None:
    smtp.reset()


def test_plain_mail_is_kept_with_its_envelope(smtp: Smtp) -> None:
    _send(smtp)
    mail = smtp.wait_for("alice@example.test")
    assert (mail.sender, mail.recipients) == ("portal@example.test", ["alice@example.test", "bob@example.test"])
    assert mail.message["Subject"] == "Zoë"
    assert mail.text == "Grüße\n"
    assert (mail.encrypted, mail.user) == (False, None)


def test_mail_over_starttls_needs_the_right_password(smtp: Smtp) -> None:
    with _secured(smtp) as client:
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.send_message(_mail())
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(smtp.username, "wrong")
    with _secured(smtp) as client:
        client.login(smtp.username, smtp.password)
        client.send_message(_mail())
    [mail] = smtp.messages
    assert (mail.encrypted, mail.user) == (True, "portal")


def test_secured_port_takes_nothing_in_clear(smtp: Smtp) -> None:
    with smtplib.SMTP(smtp.host, smtp.tls_port) as client, pytest.raises(smtplib.SMTPException, match="STARTTLS"):
        client.send_message(_mail())


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("reply", ["451 4.3.0 Try later", "550 5.1.1 No such user"])
def test_step_is_refused_as_often_as_planned(smtp: Smtp, step: str, reply: str) -> None:
    smtp.refuse(step, reply, times=1 if step != "RCPT" else 2)
    with pytest.raises(smtplib.SMTPException, match=reply[:3]):
        _send(smtp)
    assert smtp.messages == []
    _send(smtp)
    assert len(smtp.messages) == 1


def test_sign_in_is_refused_as_planned(smtp: Smtp) -> None:
    smtp.refuse("AUTH", "454 4.7.0 Temporary failure", times=2)
    with _secured(smtp) as client, pytest.raises(smtplib.SMTPAuthenticationError, match="454"):
        client.login(smtp.username, smtp.password)


def test_one_recipient_is_refused_and_the_other_served(smtp: Smtp) -> None:
    smtp.refuse("RCPT", "550 5.1.1 No such user", recipient="bob@example.test")
    with smtplib.SMTP(smtp.host, smtp.port) as client:
        assert client.send_message(_mail()) == {"bob@example.test": (550, b"5.1.1 No such user")}
    assert smtp.messages[0].recipients == ["alice@example.test"]


def test_connection_cut_after_the_mail_was_taken(smtp: Smtp) -> None:
    smtp.hang_up("DATA")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        _send(smtp)
    assert len(smtp.messages) == 1


def test_answer_is_delayed(smtp: Smtp) -> None:
    smtp.delay("MAIL", 2, times=1)
    with (
        pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"),
        smtplib.SMTP(smtp.host, smtp.port, timeout=0.3) as client,
    ):
        client.send_message(_mail())


def test_stopped_server_refuses_connections_until_started(smtp: Smtp) -> None:
    smtp.stop()
    with pytest.raises(ConnectionRefusedError):
        _send(smtp)
    smtp.start()
    _send(smtp)


def test_unknown_step_is_a_mistake_of_the_test(smtp: Smtp) -> None:
    with pytest.raises(ValueError, match="none of GREETING, EHLO"):
        smtp.refuse("NOOP", "500 no")


def _mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "portal@example.test", "alice@example.test, bob@example.test"
    message["Subject"] = "Zoë"
    message.set_content("Grüße")
    return message


def _send(smtp: Smtp) -> None:
    with smtplib.SMTP(smtp.host, smtp.port, timeout=10) as client:
        client.send_message(_mail())


def _secured(smtp: Smtp) -> smtplib.SMTP:
    client = smtplib.SMTP("localhost", smtp.tls_port, timeout=10)
    client.starttls(context=ssl.create_default_context(cafile=str(smtp.ca_file)))
    return client
