"""User names: one spelling for each, so that `Alice`, `alice ` and full-width `ａｌｉｃｅ` are one person. Pure."""

from __future__ import annotations

import unicodedata

LONGEST = 150


def normalise(typed: str) -> str:
    """The stored and compared form: NFKC, case folded, trimmed; control and format characters gone.

    Text longer than a user name can be is cut before any Unicode work, so size buys an attacker nothing.
    """
    short = typed[: LONGEST * 2]
    if short.isascii() and short.isprintable():
        return short.lower().strip()[:LONGEST]
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", short).casefold())
    return "".join(char for char in folded if unicodedata.category(char)[0] != "C").strip()[:LONGEST]
