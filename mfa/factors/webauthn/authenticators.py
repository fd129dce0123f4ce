"""What makers call their authenticators, by the AAGUID that one says of itself. Only a name: nothing trusts it."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path


def name_of(aaguid: str) -> str:
    """The product's name; empty for one that is not known, and for one that does not say what it is (all zeros)."""
    return _names().get(aaguid, "")


@cache
def _names() -> dict[str, str]:
    with Path(__file__).with_name("authenticators.csv").open(encoding="utf-8", newline="") as file:
        return {row["aaguid"]: row["name"] for row in csv.DictReader(file)}
