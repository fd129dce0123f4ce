"""A QR code as an `svg` element for the page itself: no address serves it, and no policy has a style of it to drop."""

from __future__ import annotations

import qrcode
from django.utils.safestring import SafeString, mark_safe
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathImage

QUIET_ZONE = 4
"""Modules of white around the code (ISO/IEC 18004 9.1)."""


def svg(text: str) -> SafeString:
    """The code of `text` as markup; nothing of the text is in it but as squares."""
    image = qrcode.make(text, image_factory=SvgPathImage, border=QUIET_ZONE, error_correction=ERROR_CORRECT_M)
    return mark_safe(image.to_string(encoding="unicode"))  # noqa: S308  # drawn here, from squares
