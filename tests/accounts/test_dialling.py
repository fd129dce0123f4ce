"""What is told at sight about digits is what libphonenumber says of them after its longer look."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from accounts import dialling

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
TYPES = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]


def samples(region: str) -> list[str]:
    """National digits, with the trunk prefix and without: numbers of every type, and their neighbours."""
    dice = random.Random(region)
    digits = [phonenumbers.national_significant_number(one) for one in examples(region)]
    shown = [phonenumbers.format_number(one, PhoneNumberFormat.NATIONAL) for one in examples(region)]
    dialled = ["".join(mark for mark in text if mark.isdecimal()) for text in shown]
    near = [f"{text[:-3]}{dice.randrange(1000):03}" for text in digits]
    far = [f"{dice.randrange(10)}{text[1:]}" for text in digits[:3]]
    return list(
        {*digits, *dialled, *near, *far, *(text[:-1] for text in digits[:2]), *(f"{text}0" for text in near[:2])}
    )


def examples(region: str) -> list[phonenumbers.PhoneNumber]:
    found = (phonenumbers.example_number_for_type(region, kind) for kind in TYPES)
    return [one for one in found if one]


def library_says(digits: str, region: str | None) -> tuple[str, str | None, int] | None:
    try:
        number = phonenumbers.parse(digits, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return e164, phonenumbers.region_code_for_number(number), phonenumbers.number_type(number)


@pytest.mark.parametrize("region", REGIONS)
def test_number_known_at_sight_is_the_one_that_the_library_finds(region: str) -> None:
    code = phonenumbers.country_code_for_region(region)
    for national in samples(region):
        whole = f"+{code}{national}"
        for e164 in (whole, dialling.without_trunk_prefix(whole)):
            known = dialling.recognise(e164) if e164 else None
            assert known is None or (e164, known.region, known.type) == library_says(whole, None)
        e164 = dialling.complete(national, region)
        known = dialling.recognise(e164) if e164 else None
        assert known is None or (e164, known.region, known.type) == library_says(national, region)


def test_mobile_numbers_of_nearly_every_region_are_known_at_sight() -> None:
    numbers = [phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE) for region in REGIONS]
    e164 = [phonenumbers.format_number(number, PhoneNumberFormat.E164) for number in numbers if number]
    assert sum(dialling.recognise(one) is not None for one in e164) > 0.95 * len(e164)


@pytest.mark.parametrize(
    "digits", ["+", "+0", "+4", "+49", "+999123456789", "+80012345678", "+870773111632", "+390000000"]
)
def test_what_is_no_number_of_a_region_is_left_to_a_longer_look(digits: str) -> None:
    assert dialling.recognise(digits) is None


@pytest.mark.parametrize(
    ("digits", "region", "e164"),
    [
        ("01701234567", "DE", "+491701234567"),
        ("1701234567", "DE", "+491701234567"),
        ("3471234567", "IT", "+393471234567"),
        ("393471234567", "IT", None),
        ("2015550123", "US", "+12015550123"),
        ("12015550123", "US", None),
        ("00441234567890", "DE", None),
        ("491701234567", "DE", None),
        ("01701234567", "ZZ", None),
    ],
)
def test_national_digits_are_completed_only_without_doubt(digits: str, region: str, e164: str | None) -> None:
    assert dialling.complete(digits, region) == e164


def test_calling_code_is_the_one_that_the_library_finds() -> None:
    for start in range(10, 1000):
        e164 = f"+{start}2345678"
        try:
            code = str(phonenumbers.parse(e164).country_code)
        except NumberParseException:
            code = ""
        assert dialling.code_of(e164) == code
