"""The mailbox that codes go to: the account's present address, and only while it is the one that was confirmed."""

from __future__ import annotations

import hashlib

from mfa.models import Factor

CONFIRMED = "address"
"""The name under which a factor's state keeps which address was confirmed."""


def fingerprint(address: str) -> str:
    """Which address it is, short enough to be bound to a code; upper case makes no other mailbox."""
    return hashlib.sha256(address.casefold().encode()).hexdigest()[:32]


def is_confirmed(factor: Factor) -> bool:
    """Whether a code that went to the account's present address was typed back (NIST SP 800-63B-4 4.2.1.2)."""
    address = factor.user.email
    return bool(address) and factor.state.get(CONFIRMED) == fingerprint(address)
