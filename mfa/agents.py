"""What a browser calls itself, in plain words. For people to recognise their own; nothing is decided by it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

BROWSERS = (
    ("Edg/", "Edge"), ("EdgA/", "Edge"), ("EdgiOS/", "Edge"), ("OPR/", "Opera"), ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"), ("DuckDuckGo/", "DuckDuckGo"), ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"), ("CriOS/", "Chrome"), ("HeadlessChrome/", "Chrome"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("CrOS", "ChromeOS"), ("Windows", "Windows"),
    ("Mac OS X", "Mac"), ("Macintosh", "Mac"), ("Linux", "Linux"), ("FreeBSD", "FreeBSD"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Agent:
    """The names as their makers write them; empty where the text names none that is known."""

    browser: str
    system: str


def describe(text: str) -> Agent:
    """Browser and system out of a User-Agent header. Order matters: most browsers name several, the own name first."""
    return Agent(_first(text, BROWSERS), _first(text, SYSTEMS))


def _first(text: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in names if mark in text), "")
