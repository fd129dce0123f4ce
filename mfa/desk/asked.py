"""An act as an agent asks for it, with the answers of the form."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from accounts.models import User


@dataclass(frozen=True, slots=True)
class Order:
    """An act as it was asked for: by whom, why, and the answers to what the act asks besides."""

    actor: User
    reason: str
    now: datetime
    ticket: str = ""
    identity: str = ""
    kind: str = ""
    role: str = ""
    until: date | None = None
    starts_on: date | None = None
    grace_days: int = 0
    serial: str = ""
    number: str = ""
    confirmation: str = ""
    begun_at: datetime | None = None
    """Where the act has waited for a code that was read back, when that began."""
    hand_over: str = ""
    hours: int = 0
    uses: int = 0
    applications: list[str] = field(default_factory=list)

    @property
    def checked_at(self) -> datetime:
        """The moment at which a caller check must stand for it: none is lost by a code that comes late."""
        return self.begun_at or self.now

    @property
    def proof(self) -> dict[str, object]:
        """What was checked before, for the audit trail."""
        return {name: value for name, value in (("ticket", self.ticket), ("identity", self.identity)) if value}
