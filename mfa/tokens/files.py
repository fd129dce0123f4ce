"""A file of hardware tokens, whichever format it has."""

from __future__ import annotations

from mfa.tokens import csv_file, pskc_file
from mfa.tokens.reading import Line, without_doubles

LARGEST = 2_500_000
"""Bytes; what is larger is not taken in, so that no seed is ever written to a temporary file."""


def read(data: bytes, unlock: str = "") -> list[Line]:
    """The tokens of a PSKC or CSV file, each with what it says or why it is refused. Raises Unreadable."""
    is_xml = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<"))
    return without_doubles(pskc_file.read(data, unlock) if is_xml else csv_file.read(data))
