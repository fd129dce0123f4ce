"""The way out for mail, by `EMAIL_URL`: SMTP with STARTTLS or TLS, certificates verified, each step bounded in time."""

from __future__ import annotations

import smtplib
import ssl
from base64 import b64encode
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as LINES
from email.utils import formatdate, parseaddr
from urllib.parse import SplitResult, unquote, urlsplit

from django.conf import settings

from mfa.delivery import smtp
from mfa.delivery.gateways.base import CONTROL, Gateway, GatewayError, Message
from mfa.delivery.gateways.inbox import Inbox
from mfa.delivery.gateways.transport import is_loopback
from mfa.delivery.smtp import SecuredSession, Session
from mfa.delivery.traces import RECIPIENT, Trace


class Mail(Gateway):
    """A 4xx reply is worth another try, a 5xx to sender, recipient or content is final. What concerns our own access
    (account, certificate, connection) is an operator's to mend and is tried again."""

    name = "smtp"

    def check(self, message: Message) -> None:
        if not message.text or CONTROL.search(message.text) or CONTROL.search(message.recipient + message.subject):
            raise GatewayError("the mail is empty or holds control characters", permanent=True)

    def submit(self, message: Message, trace: Trace) -> str:
        content = written(message)
        problems = self.problems()
        if problems:
            raise GatewayError(problems[0])
        recipient = content["To"].addresses[0].addr_spec
        trace.hide(recipient, shown=RECIPIENT)
        trace.hide(*_account(urlsplit(settings.EMAIL_URL)))
        server = _opened(urlsplit(settings.EMAIL_URL), trace)
        try:
            return _handed_over(server, recipient, content.as_bytes())
        finally:
            server.part()

    def problems(self) -> list[str]:
        parts = urlsplit(settings.EMAIL_URL)
        if parts.scheme == "smtp" and not settings.DEBUG and not is_loopback(parts.hostname or ""):
            return ["EMAIL_URL must be smtp+starttls:// or smtps:// outside development, unless it names this machine"]
        return []


class MailInbox(Inbox):
    """For development: the mail can be read on the inbox page."""

    def check(self, message: Message) -> None:
        SMTP_SERVER.check(message)

    def problems(self) -> list[str]:
        return [] if settings.DEBUG else ["EMAIL_URL is the development inbox, which sends nothing; name a mail server"]


SMTP_SERVER = Mail()
MAIL_INBOX = MailInbox()


def in_use() -> Gateway:
    """The one way out that `EMAIL_URL` names."""
    return MAIL_INBOX if settings.EMAIL_URL.startswith("inbox:") else SMTP_SERVER


def written(message: Message) -> EmailMessage:
    """The mail with its headers. Raises GatewayError for an address that is none, or is more than one."""
    mail = EmailMessage(policy=LINES)
    try:
        local, _, domain = message.recipient.rpartition("@")
        if not local.isascii():
            raise ValueError("an address only SMTPUTF8 could carry")
        mail["To"] = Address(addr_spec=f"{local}@{domain.encode('idna').decode()}")
        mail["From"] = settings.MAIL_FROM
        mail["Subject"] = message.subject
    except (ValueError, MessageError, IndexError):
        raise GatewayError("not a mail address", permanent=True) from None
    mail["Date"] = formatdate()
    mail["Message-ID"] = f"<{message.key}@{settings.ALLOWED_HOSTS[0]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def _account(parts: SplitResult) -> list[str]:
    """What the AUTH exchange could be known by: the password, and both as they go over the line."""
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    plain = [password, f"\0{user}\0{password}"] if password else []
    return [password, *(b64encode(text.encode()).decode() for text in (*plain, user) if text)]


def _opened(parts: SplitResult, trace: Trace) -> Session | SecuredSession:
    """A connection that is encrypted and signed in as the setting asks. Nothing of the mail was said yet."""
    try:
        return smtp.opened(parts, settings.ALLOWED_HOSTS[0], trace)
    except smtplib.SMTPAuthenticationError as error:
        raise GatewayError(f"the mail server refused the portal's account ({error.smtp_code})") from None
    except ssl.SSLError as error:
        raise GatewayError(f"the mail server's certificate or encryption failed ({error.reason})") from None
    except (OSError, smtplib.SMTPException) as error:
        raise GatewayError(f"the mail server cannot be reached ({smtp.why(error)})") from None


def _handed_over(server: Session | SecuredSession, recipient: str, content: bytes) -> str:
    """Sender, recipient, content; the server's last word. From the content's first byte on, silence is doubt."""
    sender = parseaddr(settings.MAIL_FROM)[1]
    try:
        _expect(server.mail(sender), "the sender", 250)
        _expect(server.rcpt(recipient), "the recipient", 250, 251)
        _expect(server.docmd("DATA"), "the mail", 354)
    except (OSError, smtplib.SMTPException) as error:
        raise GatewayError(f"the mail server hung up ({smtp.why(error)})") from None
    try:
        reply = server.give_content(content)
    except (OSError, smtplib.SMTPException) as error:
        raise GatewayError(f"the mail server never confirmed ({smtp.why(error)})", sent_maybe=True) from None
    _expect(reply, "the mail", 250)
    return reply[1].decode("utf-8", "replace")


def _expect(reply: tuple[int, bytes], what: str, *good: int) -> None:
    code = reply[0]
    if code in good:
        return
    if code < 0:
        raise smtplib.SMTPServerDisconnected
    raise GatewayError(f"the mail server refused {what} ({code})", permanent=500 <= code < 600)
