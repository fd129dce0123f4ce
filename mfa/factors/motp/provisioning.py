"""How a secret reaches an mOTP app: as a QR code, and as text to type."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.conf import settings

from mfa import qr


def shown(secret: str, *, account: str) -> dict[str, Any]:
    """What `components/qr.html` shows."""
    label = quote(f"{settings.PORTAL_NAME}:{account}", safe=":")
    grouped = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return {"svg": qr.svg(f"motp://{label}?secret={secret}"), "key": grouped, "key_plain": secret}
