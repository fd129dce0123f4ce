"""How a secret reaches the app: as an otpauth:// address, as a QR code, as a key to type. Pure."""

from __future__ import annotations

import base64
from urllib.parse import quote

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathImage

from mfa.factors.totp.oath import Token

QUIET_ZONE = 4
"""Modules of white around the code (ISO/IEC 18004 9.1)."""


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


def svg(text: str) -> str:
    """A QR code as an `svg` element for the page itself: no address ever serves it."""
    code = qrcode.QRCode(border=QUIET_ZONE, error_correction=ERROR_CORRECT_M, image_factory=SvgPathImage)
    code.add_data(text)
    code.make(fit=True)
    return code.make_image().to_string(encoding="unicode")
