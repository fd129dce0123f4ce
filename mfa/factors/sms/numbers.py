"""Which numbers an SMS may go to, by the settings as they are now."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import get_language, pgettext_lazy

from accounts.countries import name_of
from accounts.numbering import EITHER, LANDLINE, MOBILE
from accounts.phone_rules import rules
from accounts.phones import Phone, Unusable, country_choices, normalise

UNKNOWN_TO_THE_PICKER = frozenset({"TA"})
"""Tristan da Cunha shares its numbers with Saint Helena, and the picker's list of countries has only the latter."""

KINDS: dict[str, Promise] = {
    MOBILE: pgettext_lazy("kind of number", "mobile"),
    LANDLINE: pgettext_lazy("kind of number", "landline"),
    EITHER: pgettext_lazy("kind of number", "mobile or landline"),
}


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


def spoken(phone: Phone) -> str:
    """How a number was understood, in the language of the page: "+49 170 1234567 · Germany, mobile"."""
    return f"{phone.international} · {name_of(phone.region, _language())}, {KINDS[phone.kind]}"


def choices() -> list[tuple[str, str]]:
    """The countries of the picker, in the language of the page: ("DE", "Germany (+49)")."""
    known = country_choices(rules(), _language())
    return [(one.region, f"{one.name} ({one.code})") for one in known if one.region not in UNKNOWN_TO_THE_PICKER]


def _language() -> str:
    return (get_language() or "en").partition("-")[0]
