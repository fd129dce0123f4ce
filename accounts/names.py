"""User names: one spelling for each, so that `Alice`, `alice ` and full-width `ａｌｉｃｅ` are one person. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

LONGEST = 150
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | {
    chr(selector) for selector in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}
"""Letters and marks that Unicode counts among the visible though nobody sees them."""


def normalise(typed: str) -> str:
    """The stored and compared form: NFKC, case folded, trimmed; control and format characters gone.

    Text longer than a user name can be is cut before any Unicode work, so size buys an attacker nothing.
    """
    short = typed[: LONGEST * 2]
    if short.isascii() and short.isprintable():
        return short.lower().strip()[:LONGEST]
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", short).casefold())
    return "".join(char for char in folded if unicodedata.category(char)[0] != "C").strip()[:LONGEST]


def without_domain(typed: str, domains: Collection[str]) -> str:
    r"""`alice` out of `EXAMPLE\alice` or `alice@example.org` where the domain is one of these, in any case; what names
    another domain, or none, stays as it is: it is somebody else."""
    known = {domain.casefold() for domain in domains}
    domain, found, name = typed.partition("\\")
    if found and name and domain.casefold() in known:
        typed = name
    name, found, domain = typed.rpartition("@")
    return name if found and name and domain.casefold() in known else typed


def has_hidden(text: str) -> bool:
    """Whether a name has characters that nobody sees: `normalise` takes `ali\\u200bce` for `alice`, which is right for
    what somebody types and wrong for who somebody is."""
    within = text.strip()
    if within.isascii() and within.isprintable():
        return False
    return any(char in BLANK or unicodedata.category(char)[0] == "C" for char in within)
