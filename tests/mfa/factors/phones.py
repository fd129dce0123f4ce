"""Numbers, and reading the messages that wait in the outbox."""

from __future__ import annotations

import re

from mfa.delivery import outbox
from mfa.models import Delivery

OLD, NEW, OTHER = "+491701234567", "+4915112345678", "+491729876543"
PREMIUM = "+499001234567"


def last_to(recipient: str, template: str | None = None) -> Delivery:
    rows = Delivery.objects.filter(recipient=recipient, **({"template": template} if template else {}))
    found = rows.order_by("-pk").first()
    assert found is not None, f"nothing went to {recipient}"
    return found


def code_in(text: str) -> str:
    """The code of the origin-bound last line."""
    found = re.search(r"\n@portal\.test #(\d{6})$", text)
    assert found, text
    return found[1]


def code_to(recipient: str) -> str:
    return code_in(outbox.read(last_to(recipient)))


def link_in(text: str) -> str:
    """The path of the undo link."""
    found = re.search(r"https://portal\.test(/sms/undo/\S+)", text)
    assert found, text
    return found[1]


def link_to(recipient: str) -> str:
    return link_in(outbox.read(last_to(recipient, "phone-changed")))


def other_than(code: str) -> str:
    """A wrong code of the same shape."""
    return f"{(int(code) + 1) % 1_000_000:06d}"
