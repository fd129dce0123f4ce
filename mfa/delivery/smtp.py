"""A connection to a mail server that notes every reply: smtplib's, with each step written into a trace.

What is secret (the AUTH exchange, the mail itself) is never part of what is noted.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote

from mfa.delivery.traces import Trace

STEP_SECONDS = 10
DATA_SECONDS = 30
QUIT_SECONDS = 1
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
SHOWN = frozenset({"ehlo", "helo", "starttls", "mail", "rcpt", "data", "quit"})
"""Commands that may be noted whole; of all others, AUTH and the answers within it, nothing but the name is."""

if TYPE_CHECKING:
    _Base = smtplib.SMTP
else:
    _Base = object


class _Noted(_Base):
    """In front of one of smtplib's classes."""

    def __init__(self, *args: Any, trace: Trace, **options: Any) -> None:
        self.trace = trace
        self._said = ("greeting", "")
        super().__init__(*args, **options)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        try:
            opened: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # not in typeshed
        except OSError as error:
            self.trace.note("connect", f"{host}:{port}", text=why(error))
            raise
        self.trace.note("connect", f"{host}:{port}", text=_encryption(opened))
        return opened

    def putcmd(self, cmd: str, args: str = "") -> None:
        name = cmd.lower()
        inside_auth = self._said[0] == "auth" and name not in SHOWN
        self._said = ("auth" if inside_auth else name, _spoken(name, args))
        with self._faults_noted():
            super().putcmd(cmd, args)

    def getreply(self) -> tuple[int, bytes]:
        step, said = self._said
        with self._faults_noted():
            code, text = super().getreply()
        shown = "" if code == 334 else text.decode("utf-8", "replace").replace("\n", ", ")  # a question within AUTH
        self.trace.note(step, said, code=code, text=shown)
        return code, text

    def encrypt(self, context: ssl.SSLContext) -> None:
        """STARTTLS, with the certificate verified; an error otherwise."""
        try:
            self.starttls(context=context)
        except smtplib.SMTPNotSupportedError:
            self.trace.note("starttls", text="the server does not offer encryption")
            raise
        except ssl.SSLError as error:
            self.trace.note("tls", text=why(error))
            raise
        except OSError as error:
            self.trace.note("tls", text=why(error))
            raise
        if self.sock is not None:
            self.trace.note("tls", text=_encryption(self.sock))

    def give_content(self, content: bytes) -> tuple[int, bytes]:
        """The mail itself after DATA; the server's last word about it."""
        if self.sock is not None:
            self.sock.settimeout(DATA_SECONDS)
        self._said = ("content", f"({len(content)} bytes)")
        lines = re.sub(rb"(?m)^\.", b"..", content)
        with self._faults_noted():
            self.send(lines + (b"" if content.endswith(b"\r\n") else b"\r\n") + b".\r\n")
        return self.getreply()

    def part(self) -> None:
        """Say goodbye; whatever happens then, all that mattered was said."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            if self.sock is not None:
                self.sock.settimeout(QUIT_SECONDS)
                self.docmd("QUIT")
        self.close()

    @contextlib.contextmanager
    def _faults_noted(self) -> Any:
        try:
            yield
        except (OSError, smtplib.SMTPException) as error:
            self.trace.note(*self._said, text=why(error))
            raise


class Session(_Noted, smtplib.SMTP):
    """Without encryption, or with it from STARTTLS on."""


class SecuredSession(_Noted, smtplib.SMTP_SSL):
    """Encrypted from the first byte on."""


def opened(parts: SplitResult, own_name: str, trace: Trace) -> Session | SecuredSession:
    """A connection to the server of an EMAIL_URL, encrypted and signed in as it asks; nothing of a mail was said yet.
    Raises OSError and smtplib.SMTPException."""
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        session: Session | SecuredSession = SecuredSession(
            host, port, own_name, timeout=STEP_SECONDS, context=context, trace=trace
        )
    else:
        session = Session(host, port, own_name, timeout=STEP_SECONDS, trace=trace)
    try:
        if parts.scheme == "smtp+starttls":
            session.encrypt(context)
        session.ehlo_or_helo_if_needed()
        if parts.username:
            _sign_in(session, unquote(parts.username), unquote(parts.password or ""))
    except (OSError, smtplib.SMTPException):
        session.close()
        raise
    return session


def why(error: Exception) -> str:
    """What went wrong on the line, in plain words."""
    text = str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"encryption failed ({error.reason})"
    if isinstance(error, TimeoutError) or "timed out" in text:
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, socket.gaierror):
        return "the host's name is not known"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"refused ({error.smtp_code})"
    if isinstance(error, (ConnectionError, smtplib.SMTPServerDisconnected)):
        return "the connection broke"
    return type(error).__name__


def _sign_in(session: Session | SecuredSession, user: str, password: str) -> None:
    try:
        session.login(user, password)
    except smtplib.SMTPNotSupportedError:
        session.trace.note("auth", text="the server does not offer to sign in")
        raise


def _spoken(name: str, args: str) -> str:
    if name in SHOWN:
        return f"{name.upper()} {args}".strip()
    return f"AUTH {args.partition(' ')[0]} ***" if name == "auth" else "***"


def _encryption(sock: socket.socket) -> str:
    if not isinstance(sock, ssl.SSLSocket):
        return "connected"
    cipher = sock.cipher()
    return f"{sock.version()}, {cipher[0] if cipher else ''}, certificate trusted"
