"""Kannel's sendsms. Account, number and text go in headers and body, so that they are in nobody's access log."""

from __future__ import annotations

from django.conf import settings

from mfa.delivery import receipts
from mfa.delivery.gateways import transport
from mfa.delivery.gateways.base import Gateway, GatewayError, Message
from mfa.delivery.traces import Trace

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)
"""The default alphabet of GSM 03.38 with its extension; all else makes the SMS one of UCS-2 characters."""

DLR_MASK = str(1 + 2 + 8 + 16)
"""Reports that are asked for: the phone has it, or did not take it; the network has it, or refused it."""


class Kannel(Gateway):
    name = "kannel"

    def submit(self, message: Message, trace: Trace) -> str:
        if self.problems():
            raise GatewayError(self.problems()[0])
        headers = {
            "X-Kannel-Username": settings.SMS_KANNEL_USERNAME,
            "X-Kannel-Password": settings.SMS_KANNEL_PASSWORD,
            "X-Kannel-From": settings.SMS_SENDER,
            "X-Kannel-To": message.recipient,
            "X-Kannel-Coding": "0" if GSM_7.issuperset(message.text) else "2",
            "X-Kannel-DLR-Mask": DLR_MASK,
            "X-Kannel-DLR-Url": f"{receipts.url(message.key, self.name)}?status=%d",
            "Content-Type": "text/plain; charset=UTF-8",
        }
        trace.hide(settings.SMS_KANNEL_PASSWORD)
        answer = transport.post(settings.SMS_KANNEL_URL, message.text.encode(), headers, trace).text.strip()
        if not answer.startswith(("0:", "3:")):  # accepted; queued for later
            raise GatewayError("answered something that is not Kannel's", sent_maybe=True)
        return answer.partition(":")[2].strip()

    def problems(self) -> list[str]:
        found = [transport.address_problem(settings.SMS_KANNEL_URL, "SMS_KANNEL_URL", own_machine=True)]
        for name in ("SMS_KANNEL_USERNAME", "SMS_KANNEL_PASSWORD", "SMS_SENDER"):
            value = getattr(settings, name)
            if not value or not value.isascii() or not value.isprintable():
                found.append(f"{name} must be set, plain characters on one line")
        return [problem for problem in found if problem]


GATEWAY = Kannel()
