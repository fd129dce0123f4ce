"""What may stand in a message. Names come from people and directories: one short line each, and never a link. Pure."""

from __future__ import annotations

import re
import unicodedata

LONGEST_VALUE = 200
LINK = re.compile(r"(?i)\b(?:https?:|www\.|[a-z0-9-]+://)\S*")
OWN = ("_url", "_link", "_host")
"""Endings of the names that the portal's own addresses go by in a template's context."""


def plain_context(context: dict[str, object]) -> dict[str, object]:
    """The context with every text in it on one line; links only where the portal put them itself."""
    return {name: _plain(name, value) for name, value in context.items()}


def one_line(text: str) -> str:
    """The text without control and format characters, its white space folded."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text).split())


def masked_address(address: str) -> str:
    """A mail address for the screen: the first letter and the domain, "a***@example.org"; nothing of an empty one."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}***@{domain}" if at else ""


def without_controls(text: str) -> str:
    """A whole message: its line breaks stay, all other control characters go."""
    unix = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in unix if char == "\n" or unicodedata.category(char) not in ("Cc", "Cs", "Zl", "Zp"))


def _plain(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if name.endswith(OWN) or name == "helpdesk":
        return one_line(value)
    return one_line(LINK.sub("(link removed)", value))[:LONGEST_VALUE]
