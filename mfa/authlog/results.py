"""What the numbers of the field's authentication results mean: those of RADIUS logs, and the portal's own. Pure."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from mfa import outcomes
from mfa.outcomes import Result

FILE = Path(__file__).with_name("results.csv")
"""Number and meaning of each, as RADIUS services of the field write them."""

NOT_ACCEPTING = frozenset({2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 18, 20, 22})
"""Below 100, and yet nobody was let in: nothing typed, timed out, hung up, blocked, expired, sent or waiting."""


@cache
def meanings() -> dict[int, str]:
    """The words of every known number."""
    with FILE.open(encoding="utf-8", newline="") as file:
        known = {int(row["code"]): row["meaning"] for row in csv.DictReader(file)}
    own = {value.code: value.meaning for value in vars(outcomes).values() if isinstance(value, Result)}
    return known | {code: words for code, words in own.items() if code not in known}


def meaning(code: int) -> str:
    """The words of a number; the number itself where nobody knows it."""
    return meanings().get(code, f"Unknown Result {code}")


def accepting() -> frozenset[int]:
    """The numbers of the field with which somebody was let in: up to 99, but for those that say that nothing was
    verified yet or at all."""
    return frozenset(code for code in meanings() if 0 < code < 100) - NOT_ACCEPTING
