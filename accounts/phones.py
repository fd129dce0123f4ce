"""Telephone numbers: any notation and a region to E.164, or a named reason why not. Pure: no Django, no models.

Everything that takes a number from a person, a directory or an API calls `normalise`. How numbers are written is in
notation.py, which of them are accepted in numbering.py, and what countries are called in countries.py.
"""

from __future__ import annotations

from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberFormat

from accounts import notation
from accounts.countries import Country, all_countries, has_numbers, region_of
from accounts.dialling import RegionPlan, code_of, region_plan
from accounts.numbering import E164, Reading, Reason, Rules, read

__all__ = [
    "DEFAULT_REGION",
    "E164",
    "INTERNATIONAL",
    "REGION_OF_ENTRY",
    "Country",
    "Phone",
    "Reason",
    "Rules",
    "Unusable",
    "country_choices",
    "mask",
    "normalise",
    "region_of",
]


# Fewer digits are dialled inside a house, more are never one number, whatever the country.
SHORTEST, LONGEST = 4, 20

INTERNATIONAL, REGION_OF_ENTRY, DEFAULT_REGION = "international", "region of entry", "default region"


class Phone(NamedTuple):
    """A usable number. `rule` tells how its region was found: "international", "region of entry", "default region",
    or the dialling prefix that was typed ("00", "011")."""

    e164: str
    region: str
    kind: str
    rule: str

    @property
    def international(self) -> str:
        """The number as people read it: "+49 170 1234567"."""
        return phonenumbers.format_number(phonenumbers.parse(self.e164), PhoneNumberFormat.INTERNATIONAL)

    def __repr__(self) -> str:
        return f"Phone({mask(self.e164)}, {self.region}, {self.kind})"


class Unusable(Exception):
    """The text is no usable number. `raw` is at most the first 64 characters and never printed in full;
    `suggestion` is a usable E.164 number that the text may have meant, or None. `rule` is the one by which it was
    tried, see Phone; empty where none could be."""

    def __init__(self, reason: Reason, raw: str = "", suggestion: str | None = None, rule: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.rule = rule
        self.raw = raw[: notation.LONGEST]
        self.suggestion = suggestion

    def __str__(self) -> str:
        return self.reason.words

    def __repr__(self) -> str:
        shown = f"{self.raw[:2]}...{self.raw[-2:]}" if len(self.raw) > 7 else "..."
        return f"Unusable({self.reason}, {shown!a})"


def normalise(text: str, *, region: str | None, rules: Rules) -> Phone:
    """The number a text means, or Unusable. `region` is chosen by the person or recorded for the directory entry.

    An international number wins over the region. A region that has no telephone numbers is not replaced by the default
    one: better no number than the number of a stranger.
    """
    digits = notation.at_sight(text)
    plain = text
    if digits is None:
        plain = _bounded(text)
        digits = _digits(text, plain, region, rules)
    try:
        return _choose(digits, region, rules)
    except Unusable as refusal:
        # Countries without a trunk zero have no use for the "(0)" that people copy from their neighbours' notation.
        foreign_zero = digits.startswith("+") and "(0)" in plain
        meant = _suggestion(plain.replace("(0)", ""), region, rules) if foreign_zero else refusal.suggestion
        raise Unusable(refusal.reason, text, meant, _tried(digits, region, rules)) from None


def mask(e164: str) -> str:
    """Country code and last two digits, "+49 *** **12"; nothing at all of a text that is not E.164. An empty number
    stays empty."""
    if not e164:
        return ""
    if not E164.fullmatch(e164):
        return "***"
    code = code_of(e164)
    return f"+{code} *** **{e164[-2:]}" if code else f"*** **{e164[-2:]}"


def country_choices(rules: Rules, language: str = "en") -> list[Country]:
    """The countries a person may choose, with their names in `language` and sorted by them."""
    return [country for country in all_countries(language) if not rules.countries or country.region in rules.countries]


def _bounded(text: str) -> str:
    """The text in plain characters, at most as many as a number may have; nothing costly happens before."""
    trimmed = notation.trim(text)
    if not trimmed:
        raise Unusable(Reason.EMPTY, text)
    if len(trimmed) > notation.LONGEST:
        raise Unusable(Reason.TOO_LONG, text)
    plain = notation.plain(trimmed)
    if plain is None:
        raise Unusable(Reason.NOT_A_NUMBER, text)
    return plain


def _digits(text: str, plain: str, region: str | None, rules: Rules) -> str:
    """The digits of the one number that a plain text holds."""
    number = notation.without_extension(plain)
    if number:
        raise Unusable(Reason.EXTENSION, text, _suggestion(number, region, rules))
    number = notation.first_of_several(plain)
    if number:
        raise Unusable(Reason.NOT_A_NUMBER, text, _suggestion(number, region, rules))
    digits = notation.digits(plain)
    if digits is None:
        raise Unusable(Reason.NOT_A_NUMBER, text)
    return digits


def _choose(digits: str, region: str | None, rules: Rules) -> Phone:
    """The one usable reading of the digits; Unusable when there is none, or when two readings lead to two phones."""
    international = digits[0] == "+"
    dialled = len(digits) - international
    if not SHORTEST <= dialled <= LONGEST:
        raise Unusable(Reason.TOO_SHORT if dialled < SHORTEST else Reason.TOO_LONG)
    if international:
        reading, rule = read(digits, None, rules), INTERNATIONAL
    else:
        rule, reading = _national(digits, region, rules)
    if reading.refused:
        raise Unusable(reading.refused, suggestion=_likely(digits, region, rules))
    return Phone(reading.e164, reading.region, reading.kind, rule)


def _national(digits: str, region: str | None, rules: Rules) -> tuple[str, Reading]:
    """The one reading of digits without a plus sign, usable or not, with the rule that found its region."""
    home = _home(region, rules)
    readings = _readings(digits, home, REGION_OF_ENTRY if region else DEFAULT_REGION, rules)
    usable = {reading.e164 for _, reading in readings if not reading.refused}
    plus_forgotten = _with_plus(digits, rules) if home and digits.startswith(home.code) else None
    if plus_forgotten and usable != {plus_forgotten}:
        raise Unusable(Reason.NO_COUNTRY_CODE, suggestion=plus_forgotten)
    if len(usable) > 1:
        raise Unusable(Reason.NO_COUNTRY_CODE)
    if not readings:
        return "", Reading(refused=Reason.NO_COUNTRY_CODE)
    return next((found for found in readings if not found[1].refused), readings[0])


def _readings(digits: str, home: RegionPlan | None, rule: str, rules: Rules) -> list[tuple[str, Reading]]:
    """Each way to read the digits with the rule that found its region, the most certain first."""
    readings = []
    if digits.startswith("00"):
        readings.append(("00", read(f"+{digits[2:]}", None, rules)))
        if home and home.dials_abroad_by_zeros and not readings[0][1].refused:
            return readings
    if home:
        reading = read(digits, home.region, rules)
        readings.append((reading.prefix or rule, reading))
    return readings


def _tried(digits: str, region: str | None, rules: Rules) -> str:
    """The rule by which digits that came to nothing were read."""
    if digits.startswith("+"):
        return INTERNATIONAL
    if region:
        return REGION_OF_ENTRY
    return DEFAULT_REGION if rules.assumed_region else ""


def _home(region: str | None, rules: Rules) -> RegionPlan | None:
    """Where a national number is dialled; None when nobody said, or when the region named has no telephone numbers."""
    home = region.strip().upper() if region else rules.assumed_region
    return region_plan(home) if home and has_numbers(home) else None


def _with_plus(digits: str, rules: Rules) -> str | None:
    """The usable number that "491701234567" becomes when the plus sign is put back."""
    if digits.startswith(("+", "0")):
        return None
    reading = read(f"+{digits}", None, rules)
    return None if reading.refused else reading.e164


def _likely(digits: str, region: str | None, rules: Rules) -> str | None:
    """The one usable number that refused digits may have meant."""
    meant = {_with_plus(digits, rules)}
    if not region and rules.likely_region and not digits.startswith("+"):
        meant.add(read(digits, rules.likely_region, rules).e164 or None)
    meant.discard(None)
    return meant.pop() if len(meant) == 1 else None


def _suggestion(text: str, region: str | None, rules: Rules) -> str | None:
    try:
        return normalise(text, region=region, rules=rules).e164
    except Unusable as refusal:
        return refusal.suggestion
