"""User names: one spelling for each, so that `Alice`, `alice ` and full-width `ａｌｉｃｅ` are one person. Pure."""

from __future__ import annotations

import unicodedata

LONGEST = 150


def normalise(typed: str) -> str:
    """The stored and compared form: NFKC, case folded, trimmed; control and format characters gone.

    Text longer than a user name can be is cut before any Unicode work, so size buys an attacker nothing.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed[: LONGEST * 2]).casefold())
    return "".join(char for char in folded if unicodedata.category(char)[0] != "C").strip()[:LONGEST]
