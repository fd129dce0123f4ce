"""Which numbers an SMS may go to, by the settings as they are now."""

from __future__ import annotations

from accounts.phone_rules import rules
from accounts.phones import Phone, Unusable, country_choices, normalise

UNKNOWN_TO_THE_PICKER = frozenset({"TA"})
"""Tristan da Cunha shares its numbers with Saint Helena, and the picker's list of countries has only the latter."""


def usable(e164: str) -> bool:
    """Whether a stored number may be used. One that was accepted once, or that a directory gave, need not be."""
    return understood(e164) is not None


def understood(e164: str) -> Phone | None:
    """The stored number with its country and kind; None where it may not be used."""
    try:
        phone = normalise(e164, region=None, rules=rules())
    except Unusable:
        return None
    return phone if phone.e164 == e164 else None


def choices() -> list[tuple[str, str]]:
    """The countries of the picker: ("DE", "Germany (+49)")."""
    known = [country for country in country_choices(rules()) if country.region not in UNKNOWN_TO_THE_PICKER]
    return [(country.region, f"{country.name} ({country.code})") for country in known]
