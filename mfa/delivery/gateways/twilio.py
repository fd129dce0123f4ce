"""Twilio's Programmable Messaging: POST /2010-04-01/Accounts/{AccountSid}/Messages.json, form-encoded, basic auth.

201 carries the message's `sid`; an error carries `code` and `message`. It knows no idempotency key, so nothing is
repeated that may have been taken. Status callbacks are signed: see `signature`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from urllib.parse import urlencode

from django.conf import settings

from mfa.delivery import receipts
from mfa.delivery.gateways import transport
from mfa.delivery.gateways.base import Gateway, GatewayError, Message
from mfa.delivery.traces import Trace

ACCOUNT = re.compile(r"AC[0-9a-f]{32}")
SERVICE = re.compile(r"MG[0-9a-f]{32}")


class Twilio(Gateway):
    name = "twilio"

    def submit(self, message: Message, trace: Trace) -> str:
        if self.problems():
            raise GatewayError(self.problems()[0])
        account, token = settings.SMS_TWILIO_ACCOUNT, settings.SMS_TWILIO_TOKEN
        credentials = base64.b64encode(f"{account}:{token}".encode()).decode()
        headers = {
            "Authorization": f"Basic {credentials}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        trace.hide(token, credentials)
        url = f"{settings.SMS_TWILIO_URL.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
        return _sid(transport.post(url, urlencode(_form(message)).encode(), headers, trace).text)

    def problems(self) -> list[str]:
        found = [transport.address_problem(settings.SMS_TWILIO_URL, "SMS_TWILIO_URL", own_machine=False)]
        if not ACCOUNT.fullmatch(settings.SMS_TWILIO_ACCOUNT):
            found.append("SMS_TWILIO_ACCOUNT must be the account's SID: AC and 32 hexadecimal digits")
        if not re.fullmatch(r"[!-~]{16,}", settings.SMS_TWILIO_TOKEN):
            found.append("SMS_TWILIO_TOKEN must hold the account's auth token")
        if settings.SMS_TWILIO_SERVICE and not SERVICE.fullmatch(settings.SMS_TWILIO_SERVICE):
            found.append("SMS_TWILIO_SERVICE must be empty or a messaging service's SID: MG and 32 hexadecimal digits")
        return [problem for problem in found if problem]


def signature(url: str, fields: Mapping[str, str], token: str) -> str:
    """What `X-Twilio-Signature` must be: Base64 of the HMAC-SHA1, under the auth token, of the address followed by the
    name and value of each field, in the order of their names."""
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def _form(message: Message) -> dict[str, str]:
    sender = {"From": settings.SMS_SENDER}
    if settings.SMS_TWILIO_SERVICE:
        sender = {"MessagingServiceSid": settings.SMS_TWILIO_SERVICE}
    callback = receipts.url(message.key, Twilio.name)
    return {"To": message.recipient, **sender, "Body": message.text, "StatusCallback": callback}


def _sid(text: str) -> str:
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    sid = answer.get("sid") if isinstance(answer, dict) else None
    if not isinstance(sid, str) or not sid:
        raise GatewayError("answered something that is not Twilio's", sent_maybe=True)
    return sid


GATEWAY = Twilio()
