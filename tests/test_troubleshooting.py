"""docs/troubleshooting.md speaks in the words that people see; a text that was reworded is found here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
QUOTED = re.compile(r'"([A-Z.][^"]{5,})"')


def said() -> set[str]:
    """Every text of the product, as it is collected for translation."""
    po = (ROOT / "locale/de/LC_MESSAGES/django.po").read_text(encoding="utf-8")
    return {
        "".join(re.findall(r'"(.*)"', found))
        for found in re.findall(r'^msgid(?:_plural)? ((?:".*"\n)+)', po, re.MULTILINE)
    }


TEXTS = said()
QUOTES = sorted(set(QUOTED.findall((ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8"))))


@pytest.mark.parametrize("quote", QUOTES)
def test_what_the_guide_quotes_is_said_somewhere(quote: str) -> None:
    parts = [part.strip() for part in quote.split("...") if part.strip()]
    assert any(all(part in text for part in parts) for text in TEXTS)
