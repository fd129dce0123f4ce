"""Passkeys ask for nothing of their own: what the ceremony gives is sent as for any kind that answers by one."""

from __future__ import annotations

from mfa.pages.forms import CeremonyForm

__all__ = ["CeremonyForm"]
