"""For development: nothing leaves the house; the message can be read on the inbox page."""

from __future__ import annotations

from django.conf import settings

from mfa.delivery.gateways.base import Gateway, Message
from mfa.delivery.traces import Trace


class Inbox(Gateway):
    name = "inbox"
    repeats_safely = True
    keeps_text = True

    def submit(self, message: Message, trace: Trace) -> str:
        trace.note("inbox", text="kept in the inbox for development")
        return message.key

    def problems(self) -> list[str]:
        return [] if settings.DEBUG else ["the inbox gateway sends nothing; it is for development (DEBUG) only"]


GATEWAY = Inbox()
