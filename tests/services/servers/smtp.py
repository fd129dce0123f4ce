"""A real SMTP server with a plain port and a port that wants STARTTLS and AUTH, refusing as a test tells it."""

from __future__ import annotations

import contextlib
import secrets
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from tests.services.servers.certificates import Authority, ServerCertificate
from tests.services.servers.folders import temporary_folder
from tests.services.servers.ports import free_port
from tests.services.servers.smtp_session import Handler, Mail, Plan, Plans, Scripted

HOST = "127.0.0.1"


class Listener(Controller):
    """One port, served by a server that follows plans."""

    def __init__(self, plans: Plans, *args: Any, **options: Any) -> None:
        self._plans = plans
        super().__init__(*args, **options)

    def factory(self) -> Scripted:
        server = Scripted(self.handler, **self.SMTP_kwargs)
        server.plans = self._plans
        return server


@dataclass
class Smtp:
    """A running mail server: `port` is plain, `tls_port` wants STARTTLS (trusted by `ca_file`) and then AUTH."""

    certificate: ServerCertificate
    port: int = field(default_factory=free_port)
    tls_port: int = field(default_factory=free_port)
    username: str = "portal"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    messages: list[Mail] = field(default_factory=list)
    host: str = HOST
    _plans: Plans = field(default_factory=Plans)
    _listeners: list[Controller] = field(default_factory=list)

    @property
    def ca_file(self) -> Path:
        return self.certificate.ca_file

    @property
    def url(self) -> str:
        return f"smtp://{self.host}:{self.port}"

    def refuse(self, step: str, reply: str, *, times: int | None = None, recipient: str | None = None) -> None:
        """Answer `step` (one of STEPS) with `reply`, such as "451 Try later", `times` times, else always.

        `recipient` limits it to that address at RCPT. DATA is refused after the whole mail was read.
        """
        self._plans.add(Plan(step, reply, times=times, recipient=recipient))

    def delay(self, step: str, seconds: float, *, times: int | None = None) -> None:
        """Answer `step` only after `seconds`, then as usual."""
        self._plans.add(Plan(step, times=times, seconds=seconds))

    def hang_up(self, step: str, *, times: int | None = 1) -> None:
        """Cut the connection at `step`; at DATA the mail is kept although its sender never hears of it."""
        self._plans.add(Plan(step, times=times, hang_up=True))

    def reset(self) -> None:
        """Running, with no mail and nothing to refuse."""
        self._plans.clear()
        self.messages.clear()
        self.start()

    def wait_for(self, recipient: str, timeout: float = 60.0, *, count: int = 1) -> Mail:
        """The `count`-th mail to `recipient`; TimeoutError when none comes."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            found = [mail for mail in list(self.messages) if recipient in mail.recipients]
            if len(found) >= count:
                return found[count - 1]
            time.sleep(0.02)
        raise TimeoutError(f"No mail number {count} to {recipient} within {timeout:g} s.")

    def start(self) -> None:
        """Listen on both ports; nothing happens when it does already."""
        if self._listeners:
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate.cert_file, self.certificate.key_file)
        handler = Handler(self._plans, self.messages)
        secured = Listener(
            self._plans,
            handler,
            hostname=self.host,
            port=self.tls_port,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=self._authenticate,
        )
        self._listeners = [Listener(self._plans, handler, hostname=self.host, port=self.port), secured]
        for listener in self._listeners:
            listener.start()

    def stop(self) -> None:
        """Close both ports: connections are refused until `start`."""
        while self._listeners:
            self._listeners.pop().stop()

    def _authenticate(
        self, server: object, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        right = LoginPassword(self.username.encode(), self.password.encode())
        return AuthResult(success=data == right, handled=False, auth_data=data)


@contextlib.contextmanager
def smtp_server() -> Iterator[Smtp]:
    """A fresh mail server in threads of this process."""
    with temporary_folder("smtp") as folder:
        server = Smtp(Authority(folder).issue())
        try:
            server.start()
            yield server
        finally:
            server.stop()
