"""What the test mail server answers at each step, and what it keeps."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import MISSING, SMTP, Envelope, LoginPassword, Session

STEPS = ("GREETING", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA-COMMAND", "DATA", "QUIT")
"""DATA is the server's word about the whole mail, DATA-COMMAND its answer to the command before it."""


@dataclass(frozen=True)
class Mail:
    """One accepted mail with the envelope it came in; `user` is who authenticated."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    encrypted: bool
    user: str | None

    @property
    def text(self) -> str:
        """Its text/plain body, lines ending in a line feed."""
        body = self.message.get_body(("plain",))
        return "" if body is None else str(body.get_content()).replace("\r\n", "\n")


@dataclass
class Plan:
    """What to do at `step` instead of the usual: wait, answer `reply` (empty: the usual answer), or cut the line."""

    step: str
    reply: str = ""
    times: int | None = None
    recipient: str | None = None
    seconds: float = 0
    hang_up: bool = False


class Plans:
    """The plans of a server, the first that fits is taken; shared by its threads."""

    def __init__(self) -> None:
        self._plans: list[Plan] = []
        self._lock = threading.Lock()

    def add(self, plan: Plan) -> None:
        """ValueError when the step is not one of STEPS."""
        if plan.step not in STEPS:
            raise ValueError(f"{plan.step} is none of {', '.join(STEPS)}.")
        with self._lock:
            self._plans.append(plan)

    def clear(self) -> None:
        with self._lock:
            self._plans.clear()

    def take(self, step: str, recipient: str | None = None) -> Plan | None:
        """The plan for this step, used up by one."""
        with self._lock:
            for plan in self._plans:
                if plan.step == step and plan.times != 0 and plan.recipient in (None, recipient):
                    plan.times = None if plan.times is None else plan.times - 1
                    return plan
        return None


class Scripted(SMTP):
    """aiosmtpd's server with plans for the steps that its hooks do not reach."""

    plans: Plans
    greeted = False

    async def push(self, status: Any) -> None:
        if not self.greeted:
            self.greeted = True
            try:
                status = await _follow(self.plans.take("GREETING"), self) or status
            except asyncio.CancelledError:  # the other side left; aiosmtpd closes only after its greeting
                self.transport.abort()  # type: ignore[union-attr]
                raise
        await super().push(status)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        if not await self._refused("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        if not await self._refused("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if not await self._refused("DATA-COMMAND"):
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        if not await self._refused("QUIT"):
            await super().smtp_QUIT(arg)

    async def _refused(self, step: str) -> bool:
        reply = await _follow(self.plans.take(step), self)
        if reply:
            await self.push(reply)
        return bool(reply)


class Handler:
    """aiosmtpd's hooks: each asks the plans first."""

    def __init__(self, plans: Plans, kept: list[Mail]) -> None:
        self._plans = plans
        self._kept = kept

    async def handle_AUTH(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, arguments: list[str]
    ) -> Any:
        return await _follow(self._plans.take("AUTH"), server) or MISSING

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := await _follow(self._plans.take("MAIL"), server):
            return reply
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := await _follow(self._plans.take("RCPT", address), server):
            return reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        plan = self._plans.take("DATA")
        if plan is None or not plan.reply:
            self._kept.append(_mail(session, envelope))
        return await _follow(plan, server) or "250 OK: kept"


async def _follow(plan: Plan | None, server: SMTP) -> str:
    """The reply that the plan wants, or an empty string for the usual one."""
    if plan is None:
        return ""
    if plan.seconds:
        await asyncio.sleep(plan.seconds)
    if plan.hang_up and server.transport is not None:
        server.transport.abort()  # type: ignore[attr-defined]  # it is a WriteTransport
    return plan.reply


def _mail(session: Session, envelope: Envelope) -> Mail:
    content = envelope.original_content or b""
    return Mail(
        sender=envelope.mail_from or "",
        recipients=[str(address) for address in envelope.rcpt_tos],
        message=message_from_bytes(content, policy=policy.default),
        encrypted=session.ssl is not None,
        user=session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else None,
    )
