"""What gateways say of a message after they took it.

A receipt is believed by the token in its address, which nobody but the gateway was told. A state only moves
forward: neither a repeated nor a late receipt undoes anything.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mfa.models import Delivery

State = Delivery.State

MOST = 10
"""Receipts that are kept of one message; no gateway has so many to tell."""

KANNEL: dict[str, tuple[State | None, str | Promise]] = {
    "1": (State.DELIVERED, _("The phone has it.")),
    "2": (State.FAILED, _("The phone did not take it.")),
    "4": (None, _("It waits at the mobile network.")),
    "8": (None, _("The mobile network has it.")),
    "16": (State.FAILED, _("The mobile network refused it.")),
}
TWILIO: dict[str, tuple[State | None, str | Promise]] = {
    "accepted": (None, _("The provider has it.")),
    "scheduled": (None, _("The provider has it.")),
    "queued": (None, _("The provider has it.")),
    "sending": (None, _("The provider is sending it.")),
    "sent": (None, _("The mobile network has it.")),
    "delivered": (State.DELIVERED, _("The phone has it.")),
    "read": (State.DELIVERED, _("It was read.")),
    "undelivered": (State.FAILED, _("The phone or its network did not take it.")),
    "failed": (State.FAILED, _("The provider could not send it.")),
    "canceled": (State.FAILED, _("The provider gave it up.")),
}
STATUSES = {"kannel": KANNEL, "twilio": TWILIO}
"""What each gateway's own status means; any other is not taken."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One report: the gateway, its own status, its error number where it gave one, its reference where it is known."""

    gateway: str
    status: str
    error: str = ""
    reference: str = ""


def url(key: str, gateway: str) -> str:
    """The address that the gateway reports to for the message with this key."""
    return f"{settings.RECEIPTS_URL}/receipts/{gateway}/{key}/{_token(key)}/"


def is_genuine(key: str, token: str) -> bool:
    """Whether the address is one that we gave to a gateway."""
    return hmac.compare_digest(_token(key), token)


def words(gateway: str, status: str) -> str:
    """A kept status as people read it."""
    known = STATUSES.get(gateway, {}).get(status)
    return str(known[1]) if known else status


@transaction.atomic
def take(key: str, receipt: Receipt, *, now: datetime) -> bool:
    """Keep the receipt, and move the message's state on where it says more than is known; False where the message or
    the status is unknown, or another gateway has the message. Harmless to repeat."""
    known = STATUSES.get(receipt.gateway, {}).get(receipt.status)
    row = Delivery.objects.select_for_update().filter(key=key, gateway=receipt.gateway).first()
    if known is None or row is None or row.handed_over_at is None or _contradicts(row, receipt):
        return False
    if any(kept["status"] == receipt.status for kept in row.receipts) or len(row.receipts) >= MOST:
        return True
    row.receipts.append({"at": now.isoformat(), "status": receipt.status, "error": receipt.error[:20]})
    _move(row, known[0], now)
    row.save(update_fields=["receipts", "state", "delivered_at", "body", "error"])
    return True


def _move(row: Delivery, outcome: State | None, now: datetime) -> None:
    """What arrived has arrived, whatever is said later; what failed may still have arrived."""
    if outcome == State.DELIVERED and row.state != State.DELIVERED:
        row.state, row.delivered_at, row.body, row.error = State.DELIVERED, now, "", ""
    elif outcome == State.FAILED and row.state in (State.SENDING, State.SENT, State.UNCERTAIN):
        row.state, row.body = State.FAILED, ""
        row.error = f"{row.gateway}: not delivered ({row.receipts[-1]['error'] or row.receipts[-1]['status']})"


def _contradicts(row: Delivery, receipt: Receipt) -> bool:
    return bool(row.reference and receipt.reference and row.reference != receipt.reference)


def _token(key: str) -> str:
    return salted_hmac("mfa.delivery.receipts", key, algorithm="sha256").hexdigest()[:32]
