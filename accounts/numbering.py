"""Which telephone numbers exist, of what kind they are, and which an organisation accepts. Pure: no Django, no models.

The facts come from libphonenumber's metadata; what is refused, and the words for it, is decided here and nowhere else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult as Length,
)
from phonenumbers.phonenumber import CountryCodeSource

from accounts import dialling
from accounts.countries import has_numbers
from accounts.places import Place, longest_first

E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class Reason(StrEnum):
    """Why a text is not usable as the number of a person's phone."""

    EMPTY = "empty"
    NO_COUNTRY_CODE = "no_country_code"
    NOT_A_NUMBER = "not_a_number"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    EXTENSION = "extension"
    LANDLINE = "landline"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    SATELLITE = "satellite"
    COUNTRY_NOT_ALLOWED = "country_not_allowed"
    NOT_MOBILE = "not_mobile"
    INVALID = "invalid"

    @property
    def words(self) -> str:
        """What happened and what to do next, in plain English, for the person who typed the number."""
        return WORDS[self]


def gettext_noop(text: str) -> str:
    """Marks a text for the catalogues; this module knows no language but its own."""
    return text


WORDS = {
    Reason.EMPTY: gettext_noop("There is no phone number here. Type your mobile number."),
    Reason.NO_COUNTRY_CODE: gettext_noop(
        "The country code is missing. Choose your country, or start with + and the country code."
    ),
    Reason.NOT_A_NUMBER: gettext_noop(
        "This cannot be read as one phone number. Type a single number, with digits only."
    ),
    Reason.TOO_SHORT: gettext_noop("This number is too short. Check that no digit is missing."),
    Reason.TOO_LONG: gettext_noop("This number is too long. Check for extra digits, and type one number only."),
    Reason.EXTENSION: gettext_noop(
        "A text message cannot reach an extension. Type the number of a mobile phone without one."
    ),
    Reason.LANDLINE: gettext_noop(
        "This is a landline number. Use the number of a mobile phone that can receive text messages."
    ),
    Reason.PREMIUM: gettext_noop("This is a premium-rate number. Use the number of your own mobile phone."),
    Reason.SHARED_COST: gettext_noop("This is a shared-cost service number. Use the number of your own mobile phone."),
    Reason.SATELLITE: gettext_noop(
        "Satellite and global service numbers cannot be used here. Use the number of a mobile phone."
    ),
    Reason.COUNTRY_NOT_ALLOWED: gettext_noop(
        "Numbers of this country cannot be used here. Use another one, or ask your helpdesk."
    ),
    Reason.NOT_MOBILE: gettext_noop("This number does not belong to a mobile phone. Use the number of a mobile phone."),
    Reason.INVALID: gettext_noop("This number does not exist. Check the country and every digit."),
}

LANDLINE, MOBILE, EITHER = "landline", "mobile", "mobile or landline"

_BY_CODE = {
    800: Reason.NOT_MOBILE,
    808: Reason.SHARED_COST,
    979: Reason.PREMIUM,
    **dict.fromkeys((870, 871, 872, 873, 874, 878, 881, 882, 883, 888), Reason.SATELLITE),
}
_BY_TYPE = {
    PhoneNumberType.PREMIUM_RATE: Reason.PREMIUM,
    PhoneNumberType.SHARED_COST: Reason.SHARED_COST,
}
_KINDS = {
    PhoneNumberType.MOBILE: MOBILE,
    PhoneNumberType.FIXED_LINE: LANDLINE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: EITHER,
}
_BY_LENGTH = {
    Length.INVALID_COUNTRY_CODE: Reason.INVALID,
    Length.TOO_SHORT: Reason.TOO_SHORT,
    Length.IS_POSSIBLE_LOCAL_ONLY: Reason.TOO_SHORT,
    Length.TOO_LONG: Reason.TOO_LONG,
    Length.INVALID_LENGTH: Reason.INVALID,
}
_BY_FAILURE = {
    NumberParseException.INVALID_COUNTRY_CODE: Reason.INVALID,
    NumberParseException.NOT_A_NUMBER: Reason.NOT_A_NUMBER,
    NumberParseException.TOO_SHORT_AFTER_IDD: Reason.TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: Reason.TOO_SHORT,
    NumberParseException.TOO_LONG: Reason.TOO_LONG,
}


@dataclass(frozen=True)
class Rules:
    """What an organisation accepts. Regions are ISO 3166-1 alpha-2; no `countries` means every country.

    `default_region` reads a national number that came without a region; with `strict` it only makes the suggestion.
    `places` say which region stands for which part of a directory. ValueError names a region that does not exist or
    has no telephone numbers.
    """

    default_region: str | None
    countries: frozenset[str]
    allow_landline: bool = False
    strict: bool = False
    places: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", longest_first(self.places))
        default = () if self.default_region is None else (self.default_region,)
        for region in sorted({*self.countries, *default, *(place.region for place in self.places)}):
            if not has_numbers(region):
                raise ValueError(f"{region!a} is no country with phone numbers; write ISO codes such as DE")

    @property
    def facts(self) -> tuple[object, ...]:
        """All of it in one fixed order: other facts, other judgements."""
        places = tuple(map(tuple, self.places))
        return (self.default_region, tuple(sorted(self.countries)), self.allow_landline, self.strict, places)

    @property
    def assumed_region(self) -> str | None:
        """The region of a national number when nobody named one."""
        return None if self.strict else self.default_region

    @property
    def likely_region(self) -> str | None:
        """The region good enough for a suggestion: the default one, or the only country allowed."""
        return self.default_region or (next(iter(self.countries)) if len(self.countries) == 1 else None)


class Reading(NamedTuple):
    """One way to read some digits: a number of a region and kind, or the reason why it is refused.

    `prefix` is the international dialling prefix that was typed ("011"), empty when none was.
    """

    e164: str = ""
    region: str = ""
    kind: str = ""
    prefix: str = ""
    refused: Reason | None = None


def read(digits: str, region: str | None, rules: Rules) -> Reading:
    """Read "+" and digits, or the digits as dialled in `region`, by the rules. ASCII digits only; raises nothing."""
    e164 = digits if digits[0] == "+" or not region else dialling.complete(digits, region)
    while e164 and E164.fullmatch(e164):
        known = dialling.recognise(e164)
        if known:
            return _judged(e164, known, rules)
        e164 = dialling.without_trunk_prefix(e164)
    return _read_closely(digits, region, rules)


def _judged(e164: str, number: dialling.Known, rules: Rules, prefix: str = "") -> Reading:
    """A number that exists, accepted or refused."""
    kind = _KINDS.get(number.type)
    if number.type in _BY_TYPE:
        refused = _BY_TYPE[number.type]
    elif rules.countries and number.region not in rules.countries:
        refused = Reason.COUNTRY_NOT_ALLOWED
    elif kind is None:
        refused = Reason.NOT_MOBILE
    elif kind == LANDLINE and not rules.allow_landline:
        refused = Reason.LANDLINE
    else:
        return Reading(e164, number.region, kind, prefix)
    return Reading(refused=refused)


def _read_closely(digits: str, region: str | None, rules: Rules) -> Reading:
    """The same with all of libphonenumber's care: for digits that carry prefixes, and for those that are no number."""
    try:
        written = phonenumbers.parse(digits, region, keep_raw_input=True)
        e164 = phonenumbers.format_number(written, PhoneNumberFormat.E164)
        number = phonenumbers.parse(e164)
    except NumberParseException as failure:
        return Reading(refused=_BY_FAILURE[failure.error_type])
    if region and _lacks_plus(written, region):
        return Reading(refused=Reason.NO_COUNTRY_CODE)
    refused = _cannot_exist(number, e164)
    if refused:
        return Reading(refused=refused)
    known = dialling.Known(
        str(number.country_code), phonenumbers.region_code_for_number(number) or "", phonenumbers.number_type(number)
    )
    return _judged(e164, known, rules, _dialling_prefix(written, digits, region))


def _lacks_plus(written: PhoneNumber, region: str) -> bool:
    """True for "393471234567" in Italy; not in the United States, where people dial 1 before any number."""
    metadata = PhoneMetadata.metadata_for_region(region)
    return (
        written.country_code_source == CountryCodeSource.FROM_NUMBER_WITHOUT_PLUS_SIGN
        and metadata is not None
        and metadata.national_prefix != str(metadata.country_code)
    )


def _cannot_exist(number: PhoneNumber, e164: str) -> Reason | None:
    if number.country_code in _BY_CODE:
        return _BY_CODE[number.country_code]
    length = phonenumbers.is_possible_number_with_reason(number)
    if length != Length.IS_POSSIBLE:
        return _BY_LENGTH[length]
    # A number that changes when it is read again would not stay the same in the database and at the gateway.
    stable = phonenumbers.format_number(number, PhoneNumberFormat.E164) == e164 and E164.fullmatch(e164)
    if stable and phonenumbers.is_valid_number(number):
        return None
    # Some countries have numbers of nearly any length; the person most likely mistyped a mobile number.
    length = phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE)
    return _BY_LENGTH.get(length, Reason.INVALID)


def _dialling_prefix(written: PhoneNumber, digits: str, region: str | None) -> str:
    metadata = PhoneMetadata.metadata_for_region(region) if region else None
    if metadata is None or written.country_code_source != CountryCodeSource.FROM_NUMBER_WITH_IDD:
        return ""
    found = re.match(metadata.international_prefix or "", digits)
    return found[0] if found else ""
