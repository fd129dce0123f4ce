"""Which numbers an SMS may go to, by the settings as they are now."""

from __future__ import annotations

from django.conf import settings

from accounts.phones import Phone, Rules, Unusable, country_choices, normalise

UNKNOWN_TO_THE_PICKER = frozenset({"TA"})
"""Tristan da Cunha shares its numbers with Saint Helena, and the picker's list of countries has only the latter."""


def rules() -> Rules:
    """What the settings accept, for `phones.normalise`."""
    return Rules(
        default_region=settings.PHONE_DEFAULT_REGION or None,
        countries=settings.PHONE_COUNTRIES,
        allow_landline=settings.PHONE_ALLOW_LANDLINE,
    )


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
