"""An authenticator app as a person holds it: it knows what the page showed, and makes codes with another library."""

from __future__ import annotations

import base64
import html
import re
import time
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from django_otp.oath import hotp

from tests.answers import Answer


@dataclass
class Phone:
    """`clock_seconds` is how far its clock is ahead."""

    key: bytes
    label: str
    clock_seconds: int = 0

    def code(self, *, steps: int = 0) -> str:
        """What it shows now, or showed `steps` times 30 seconds from now."""
        return f"{hotp(self.key, int(time.time() + self.clock_seconds) // 30 + steps):06d}"

    def wrong(self) -> str:
        """Six digits that it shows at no moment that a refusal would speak of."""
        near = {self.code(steps=steps) for steps in range(-130, 131)}
        return next(f"{number:06d}" for number in range(1_000_000) if f"{number:06d}" not in near)


def scan(page: Answer, *, clock_seconds: int = 0) -> Phone:
    """Read the page that shows a QR code: its link holds the same address as the picture."""
    text = page.content.decode()
    address = html.unescape(re.search(r'href="(otpauth://[^"]+)"', text)[1])  # type: ignore[index]
    parts = urlsplit(address)
    key = parse_qs(parts.query)["secret"][0]
    typed = re.search(r'<code id="secret-key">([^<]+)</code>', text)[1]  # type: ignore[index]
    assert typed.replace(" ", "") == key
    return Phone(base64.b32decode(key), unquote(parts.path).removeprefix("/"), clock_seconds)
