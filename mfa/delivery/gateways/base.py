"""What a way out of the outbox is: a class with one method to write. The base checks, measures, logs, sorts errors."""

from __future__ import annotations

import logging
import re
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from accounts.phones import E164, mask
from mfa.delivery.traces import RECIPIENT, Trace

logger = logging.getLogger(__name__)

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it leaves. `key` stays the same over every try; its text never shows in a log or a traceback."""

    recipient: str = field(repr=False)
    text: str = field(repr=False)
    key: str
    subject: str = field(default="", repr=False)


class GatewayError(Exception):
    """A hand-over that did not end well; the text is plain words for the admin, without secrets or the message.

    `permanent`: the same message will not be taken later either. `sent_maybe`: nobody can tell whether it was taken.
    """

    def __init__(self, message: str, *, permanent: bool = False, sent_maybe: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.sent_maybe = sent_maybe


class Gateway(ABC):
    """Instances hold no state and read the settings at each call."""

    name: ClassVar[str]
    repeats_safely: ClassVar[bool] = False
    """Whether a message with a `key` that the provider has seen is not sent again."""
    keeps_text: ClassVar[bool] = False
    """Whether the outbox keeps the text of what left, for the developer's inbox."""

    @abstractmethod
    def submit(self, message: Message, trace: Trace) -> str:
        """Hand the message over once, each step noted; returns the provider's reference, or an empty text. Raises
        GatewayError."""

    def problems(self) -> list[str]:
        """What is wrong with its settings, one sentence each."""
        return []

    def hand_over(self, message: Message, trace: Trace) -> str:
        """`submit` with its time and outcome logged. Raises GatewayError and nothing else that the network causes."""
        self.check(message)
        trace.hide(message.recipient, message.recipient.removeprefix("+"), shown=RECIPIENT)
        trace.hide_text(message.text)
        started = time.monotonic()
        try:
            reference = self.submit(message, trace)
        except OSError as error:
            self._log(message, started, type(error).__name__)
            raise GatewayError(f"{self.name}: the connection broke", sent_maybe=True) from error
        except GatewayError as error:
            self._log(message, started, str(error))
            raise
        self._log(message, started, "handed over")
        return trace.masked(reference)[:200]

    def check(self, message: Message) -> None:
        """Refuse what no provider must see, whoever queued it."""
        if not E164.fullmatch(message.recipient):
            raise GatewayError("not a number in international form", permanent=True)
        if not message.text or CONTROL.search(message.text):
            raise GatewayError("the text is empty or holds control characters", permanent=True)

    def _log(self, message: Message, started: float, outcome: str) -> None:
        milliseconds = round((time.monotonic() - started) * 1000)
        logger.info("%s %s to %s: %s (%d ms)", self.name, message.key, mask(message.recipient), outcome, milliseconds)
