"""What accounts tells the rooms above. Both are sent *inside* the transaction that makes the change, in bulk, so that
a receiver's rows (audit, notices, the end of remembered verifications) commit with it or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from django.dispatch import Signal


@dataclass(frozen=True, slots=True)
class PhoneChange:
    """One person's number before and after, E.164 or empty."""

    user_id: int
    old: str
    new: str


phones_changed = Signal()
"""Arguments: `changes: list[PhoneChange]`, `source: PhoneSource`, `actor: User | None`."""

users_deactivated = Signal()
"""Arguments: `user_ids: list[int]`, `actor: User | None`."""
