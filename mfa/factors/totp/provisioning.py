"""How a secret reaches the app: as an otpauth:// address, for a QR code, and as a key to type. Pure."""

from __future__ import annotations

import base64
from urllib.parse import quote

from mfa.oath.codes import Token


def key(token: Token) -> str:
    """The secret as apps want it typed: base32 without padding."""
    return base64.b32encode(token.secret).decode().rstrip("=")


def grouped(text: str) -> str:
    """In groups of four, for reading."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def address(token: Token, *, issuer: str, account: str) -> str:
    """The key URI that apps read: `otpauth://totp/ISSUER:ACCOUNT?secret=...`, all parts escaped.

    A colon separates issuer and account, so neither may hold one.
    """
    issuer, account = (" ".join(part.replace(":", " ").split()) for part in (issuer, account))
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return (
        f"otpauth://totp/{label}?secret={key(token)}&issuer={quote(issuer, safe='')}"
        f"&algorithm={token.algorithm}&digits={token.digits}&period={token.period}"
    )
