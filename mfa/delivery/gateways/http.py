"""Any provider behind a small HTTP interface: POST `{"to", "from", "text", "key"}`, answered with 2xx and `{"id"}`.

Contract for the other side: a `key` (also in `Idempotency-Key`) that was taken once is not sent again. The portal
relies on it and repeats a request whose answer it did not get.
"""

from __future__ import annotations

import json

from django.conf import settings

from mfa.delivery.gateways import transport
from mfa.delivery.gateways.base import Gateway, GatewayError, Message
from mfa.delivery.traces import Trace


class Http(Gateway):
    name = "http"
    repeats_safely = True

    def submit(self, message: Message, trace: Trace) -> str:
        if self.problems():
            raise GatewayError(self.problems()[0])
        content = {"to": message.recipient, "from": settings.SMS_SENDER, "text": message.text, "key": message.key}
        headers = {
            "Authorization": f"Bearer {settings.SMS_HTTP_TOKEN}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Idempotency-Key": message.key,
        }
        trace.hide(settings.SMS_HTTP_TOKEN)
        return _reference(transport.post(settings.SMS_HTTP_URL, json.dumps(content).encode(), headers, trace).text)

    def problems(self) -> list[str]:
        found = [transport.address_problem(settings.SMS_HTTP_URL, "SMS_HTTP_URL", own_machine=False)]
        token = settings.SMS_HTTP_TOKEN
        if not token or not token.isascii() or not token.isprintable():
            found.append("SMS_HTTP_TOKEN must hold the provider's token, plain characters on one line")
        return [problem for problem in found if problem]


def _reference(text: str) -> str:
    """The provider's id, where its answer is JSON that has one."""
    try:
        answer = json.loads(text)
    except ValueError:
        return ""
    found = answer.get("id", "") if isinstance(answer, dict) else ""
    return "".join(char for char in str(found) if char.isprintable())


GATEWAY = Http()
