"""What was said while one message was handed over, step by step, with all that is secret taken out. Pure."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from mfa.delivery.writing import one_line

MOST_TRIES = 10
"""Of a message that is tried very often the last ones are kept."""
LONGEST = 300
SHORTEST = 8
HIDDEN = "***"
RECIPIENT = "(recipient)"
_WORDS = re.compile(r"[\w-]{4,}")


class Trace:
    """One try at one gateway. `kept` is what the outbox stores, and grows while the try goes on."""

    def __init__(self, gateway: str, number: int, *, at: datetime, on_step: Callable[[], None] = lambda: None) -> None:
        self.kept: dict[str, Any] = {"gateway": gateway, "try": number, "at": at.isoformat(), "steps": []}
        self._hidden: dict[str, str] = {}
        self._on_step = on_step
        self._since = time.monotonic()

    def hide(self, *secrets: str, shown: str = HIDDEN) -> None:
        """From now on these texts are written as `shown` wherever they turn up, in upper or lower case."""
        self._hidden |= {secret.casefold(): shown for secret in secrets if secret}

    def hide_text(self, text: str) -> None:
        """Hide a message, which servers may repeat: its lines, and every word that may be a code or a link's token."""
        lines = [line for line in text.splitlines() if len(line) >= SHORTEST]
        self.hide(*lines, *(json.dumps(line)[1:-1] for line in lines), shown="(text)")
        self.hide(*(word for word in _WORDS.findall(text) if any(char.isdigit() for char in word) or word.isupper()))

    def note(self, step: str, said: str = "", *, code: int | None = None, text: str = "") -> None:
        """One step: what was said to the other side, what came back, and the time since the step before it."""
        now = time.monotonic()
        entry = {"step": step, "said": self.masked(said), "text": self.masked(text), "code": code}
        entry["ms"] = round((now - self._since) * 1000)
        self._since = now
        self.kept["steps"].append({name: value for name, value in entry.items() if value not in ("", None)})
        self._on_step()

    def masked(self, text: str) -> str:
        """One line of the text, with everything hidden that is to be."""
        line = one_line(text)
        if self._hidden:
            longest_first = sorted(self._hidden, key=len, reverse=True)
            pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
            line = pattern.sub(lambda found: self._hidden.get(found[0].casefold(), HIDDEN), line)
        return line[:LONGEST]
