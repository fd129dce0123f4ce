from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable

import phonenumbers
import pytest
from hypothesis import given, settings, strategies as st

from accounts import notation
from accounts.phones import E164, Phone, Reason, Rules, Unusable, mask, normalise
from tests.tables import BAD_PHONES, GOOD_PHONES

ANYWHERE = Rules(default_region=None, countries=frozenset())
GERMAN = Rules(default_region="DE", countries=frozenset({"DE"}))
GERMAN_AND_SWISS = Rules(default_region="DE", countries=frozenset({"DE", "CH"}))
STRICT = Rules(default_region="DE", countries=frozenset({"DE"}), strict=True)
WITH_LANDLINES = Rules(default_region=None, countries=frozenset(), allow_landline=True)
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
MOBILES = [
    phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    for region in REGIONS
    if (example := phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE))
]


def refusal(text: str, region: str | None = None, rules: Rules = ANYWHERE) -> Unusable:
    with pytest.raises(Unusable) as caught:
        normalise(text, region=region, rules=rules)
    return caught.value


def label(value: object) -> str:
    return ascii(value)[:40]


@pytest.mark.row("T-55")
@pytest.mark.parametrize(("text", "e164"), GOOD_PHONES, ids=label)
def test_every_usual_notation_is_understood(text: str, e164: str) -> None:
    assert normalise(text, region="DE", rules=ANYWHERE).e164 == e164


@pytest.mark.row("T-55")
@pytest.mark.parametrize(("text", "reason"), BAD_PHONES, ids=label)
def test_what_is_no_mobile_number_is_refused_with_its_reason(text: str, reason: Reason) -> None:
    assert refusal(text, "DE").reason is reason


@pytest.mark.parametrize(
    ("text", "region", "rules", "e164", "rule"),
    [
        ("+491701234567", "US", ANYWHERE, "+491701234567", "international"),
        ("00491701234567", None, ANYWHERE, "+491701234567", "00"),
        ("00491701234567", "US", ANYWHERE, "+491701234567", "00"),
        ("011 49 170 1234567", "US", ANYWHERE, "+491701234567", "011"),
        ("011 49 170 1234567", "JM", ANYWHERE, "+491701234567", "011"),
        ("0011 49 170 1234567", "AU", ANYWHERE, "+491701234567", "0011"),
        ("010 49 170 1234567", "JP", ANYWHERE, "+491701234567", "010"),
        ("001 49 170 1234567", "KR", ANYWHERE, "+491701234567", "001"),
        ("8 10 49 170 1234567", "RU", ANYWHERE, "+491701234567", "810"),
        ("079 123 45 67", "CH", GERMAN_AND_SWISS, "+41791234567", "region of entry"),
        ("079 123 45 67", "ch", GERMAN_AND_SWISS, "+41791234567", "region of entry"),
        ("0170 1234567", None, GERMAN, "+491701234567", "default region"),
        ("0170 1234567", "DE", STRICT, "+491701234567", "region of entry"),
        ("1 (212) 555-1234", "US", ANYWHERE, "+12125551234", "region of entry"),
        ("160 2345678", "DE", ANYWHERE, "+491602345678", "region of entry"),
        ("347 123 4567", "IT", ANYWHERE, "+393471234567", "region of entry"),
        ("8 912 345 67 89", "RU", ANYWHERE, "+79123456789", "region of entry"),
    ],
)
def test_rule_tells_how_the_country_was_found(
    text: str, region: str | None, rules: Rules, e164: str, rule: str
) -> None:
    phone = normalise(text, region=region, rules=rules)
    assert (phone.e164, phone.rule) == (e164, rule)


def test_international_number_wins_over_the_chosen_country() -> None:
    phone = normalise("+41 79 123 45 67", region="DE", rules=ANYWHERE)
    assert (phone.region, phone.international, phone.kind) == ("CH", "+41 79 123 45 67", "mobile")


def test_national_number_without_any_country_is_refused() -> None:
    caught = refusal("0170 1234567")
    assert (caught.reason, caught.suggestion) == (Reason.NO_COUNTRY_CODE, None)


def test_strict_policy_refuses_a_national_number_and_suggests_the_default_country() -> None:
    caught = refusal("0170 1234567", rules=STRICT)
    assert (caught.reason, caught.suggestion) == (Reason.NO_COUNTRY_CODE, "+491701234567")


def test_only_allowed_country_is_suggested_for_a_national_number() -> None:
    rules = Rules(default_region=None, countries=frozenset({"DE"}))
    assert refusal("0170 1234567", rules=rules).suggestion == "+491701234567"


@pytest.mark.parametrize("region", ["AQ", "ZZ", "001", "Germany", "\x00"])
def test_unknown_country_of_an_entry_is_not_replaced_by_the_default_one(region: str) -> None:
    caught = refusal("0170 1234567", region, GERMAN)
    assert (caught.reason, caught.suggestion) == (Reason.NO_COUNTRY_CODE, None)
    assert normalise("+491701234567", region=region, rules=GERMAN).e164 == "+491701234567"


@pytest.mark.parametrize(
    ("text", "region", "rules", "suggestion"),
    [
        ("491701234567", "DE", ANYWHERE, "+491701234567"),
        ("491701234567", "DE", WITH_LANDLINES, "+491701234567"),
        ("491701234567", None, ANYWHERE, "+491701234567"),
        ("491701234567", None, STRICT, "+491701234567"),
        ("491701234567", "US", ANYWHERE, "+491701234567"),
        ("49 (0)170 1234567", None, ANYWHERE, "+491701234567"),
        ("393471234567", "IT", ANYWHERE, "+393471234567"),
        ("+45 (0)20 12 34 56", None, ANYWHERE, "+4520123456"),
        ("0170 1234567 ext. 12", "DE", ANYWHERE, "+491701234567"),
        ("0170 1234567 ext. 12", None, STRICT, "+491701234567"),
        ("+49 170 1234567, +49 171 1234567", None, ANYWHERE, "+491701234567"),
        ("030 123456-12", "DE", ANYWHERE, None),
        ("+49 30 123456 ext. 12", None, ANYWHERE, None),
        ("+41791234567 ext. 12", None, GERMAN, None),
    ],
)
def test_refusal_suggests_the_number_only_where_arithmetic_gives_one(
    text: str, region: str | None, rules: Rules, suggestion: str | None
) -> None:
    assert refusal(text, region, rules).suggestion == suggestion


def test_digits_that_lead_to_two_phones_are_refused() -> None:
    landline = normalise("04917 01234567", region="DE", rules=WITH_LANDLINES)
    mobile = normalise("+4917 01234567", region="DE", rules=WITH_LANDLINES)
    assert (landline.e164, mobile.e164) == ("+49491701234567", "+491701234567")
    assert refusal("4917 01234567", "DE", WITH_LANDLINES).reason is Reason.NO_COUNTRY_CODE


def test_dialling_prefix_that_leads_to_two_countries_is_refused() -> None:
    # From Singapore 004 is a prefix of its own, so this is Andorra; with the usual 00 it is Austria.
    caught = refusal("004376721851", "SG", WITH_LANDLINES)
    assert (caught.reason, caught.suggestion) == (Reason.NO_COUNTRY_CODE, None)


def test_nothing_is_suggested_where_two_numbers_may_be_meant() -> None:
    # Arizona without its plus sign, or Germany without its trunk zero.
    strict = Rules(default_region="DE", countries=frozenset(), strict=True)
    assert refusal("16023456789", rules=strict).suggestion is None
    assert refusal("016023456789", rules=strict).suggestion == "+4916023456789"


@pytest.mark.row("T-18")
@pytest.mark.parametrize(
    ("text", "allowed"),
    [("+18765551234", "US"), ("+77012345678", "RU"), ("+447781123456", "GB"), ("+41791234567", "DE")],
)
def test_country_that_is_not_allowed_is_refused_even_under_a_shared_calling_code(text: str, allowed: str) -> None:
    rules = Rules(default_region=allowed, countries=frozenset({allowed}))
    assert refusal(text, allowed, rules).reason is Reason.COUNTRY_NOT_ALLOWED


@pytest.mark.row("T-18")
@pytest.mark.parametrize("rules", [GERMAN, WITH_LANDLINES, Rules("US", frozenset({"US"}), allow_landline=True)])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("+499001234567", Reason.PREMIUM),
        ("+19002345678", Reason.PREMIUM),
        ("+979123456789", Reason.PREMIUM),
        ("+80812345678", Reason.SHARED_COST),
        ("+491801123456", Reason.SHARED_COST),
        ("+870773111632", Reason.SATELLITE),
        ("+881612345678", Reason.SATELLITE),
        ("+88213300655", Reason.SATELLITE),
        ("+883510012345", Reason.SATELLITE),
        ("+88812345678901", Reason.SATELLITE),
    ],
)
def test_costly_numbers_are_refused_whatever_the_rules_allow(text: str, reason: Reason, rules: Rules) -> None:
    assert refusal(text, None, rules).reason is reason


def test_landline_is_usable_only_where_the_rules_allow_it() -> None:
    assert refusal("030 123456", "DE").reason is Reason.LANDLINE
    phone = normalise("030 123456", region="DE", rules=WITH_LANDLINES)
    assert (phone.e164, phone.kind) == ("+4930123456", "landline")


@pytest.mark.parametrize("region", ["de", "UK", "ZZ", "AQ", "", "Germany"])
def test_rules_with_an_unknown_country_are_refused_by_its_name(region: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(region))):
        Rules(default_region=region, countries=frozenset())
    with pytest.raises(ValueError, match=re.escape(repr(region))):
        Rules(default_region=None, countries=frozenset({"DE", region}))


def least_seconds(act: Callable[[], object]) -> float:
    """What the act costs this thread, the least of three times: others may have met the garbage collector."""

    def once() -> float:
        started = time.thread_time()
        act()
        return time.thread_time() - started

    return min(once() for _ in range(3))


@pytest.mark.row("T-69")
@pytest.mark.parametrize("mark", ["\u0300", "(", "9", " ", "\u200f", "+", ";", "x1", "\ufdfa", "%20"])
@pytest.mark.parametrize("start", ["", "tel:", "+49170"])
def test_huge_input_is_refused_at_once(start: str, mark: str) -> None:
    text = start + mark * 100_000 + "."
    assert least_seconds(lambda: refusal(text, "DE")) < 0.05
    caught = refusal(text, "DE")
    assert caught.reason is Reason.TOO_LONG or not caught.raw.strip(" .\u200f")
    assert len(caught.raw) <= 64


@pytest.mark.row("T-69")
@pytest.mark.parametrize(
    "mark", ["(", ")", "9", "0", " ", "+", ";", ",", "/", "x1", "ext", "1#", "-1", "9,", "9/", "(0)"]
)
def test_longest_input_that_is_read_at_all_is_read_quickly(mark: str) -> None:
    text = ("+49" + mark * 64)[:63] + "!"
    assert least_seconds(lambda: refusal(text, "DE")) < 0.05


@pytest.mark.row("T-55")
def test_broken_unicode_is_refused() -> None:
    assert refusal("+4917\ud80001234567").reason is Reason.NOT_A_NUMBER


@pytest.mark.row("T-55")
def test_refusal_never_prints_the_number() -> None:
    caught = refusal("+49 30 12345678\u202e", "DE")
    for printed in (repr(caught), str(caught), repr(caught.args)):
        assert "12345" not in printed
        assert printed.isascii()
    assert caught.raw == "+49 30 12345678\u202e"
    assert repr(refusal("12")) == "Unusable(too_short, '...')"


def test_phone_prints_masked() -> None:
    assert repr(normalise("+491701234567", region=None, rules=ANYWHERE)) == "Phone(+49 *** **67, DE, mobile)"


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        ("+491701234512", "+49 *** **12"),
        ("+12125551234", "+1 *** **34"),
        ("+3584012345", "+358 *** **45"),
        ("+999123456789", "*** **89"),
        ("0170 1234567", "***"),
        ("+491701234512\n", "***"),
        ("", ""),
    ],
)
def test_mask_leaves_country_code_and_two_digits(e164: str, shown: str) -> None:
    assert mask(e164) == shown


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words_that_say_what_to_do_next(reason: Reason) -> None:
    assert reason.words.count(". ") >= 1
    assert reason.words.endswith(".")


@pytest.mark.parametrize("e164", MOBILES)
def test_mobile_numbers_of_every_country_stay_the_same_when_read_again(e164: str) -> None:
    phone = normalise(e164, region=None, rules=ANYWHERE)
    assert phone.e164 == e164
    assert normalise(phone.international, region="DE", rules=ANYWHERE).e164 == e164
    assert normalise(f"00{e164[1:]}", region=None, rules=ANYWHERE).e164 == e164


def try_to_read(text: str, region: str | None, rules: Rules) -> Phone | None:
    try:
        return normalise(text, region=region, rules=rules)
    except Unusable as refused:
        suggestion = refused.suggestion
    assert suggestion is None or normalise(suggestion, region=None, rules=rules).e164 == suggestion
    return None


NEAR_NUMBERS = st.text("0123456789+-() ./,;#x٣９\u200f", max_size=30)
SLASHED = st.from_regex(r"\+?[0-9]{1,6}[ /]{0,2}[0-9 .-]{1,12}", fullmatch=True)
RULES = st.sampled_from([ANYWHERE, GERMAN, STRICT, WITH_LANDLINES])


@pytest.mark.row("T-55")
@settings(deadline=None, max_examples=400)
@given(text=st.text() | NEAR_NUMBERS, region=st.none() | st.sampled_from([*REGIONS, "AQ", ""]), rules=RULES)
def test_any_text_gives_a_stable_e164_number_or_a_refusal(text: str, region: str | None, rules: Rules) -> None:
    phone = try_to_read(text, region, rules)
    if phone:
        assert E164.fullmatch(phone.e164)
        assert not rules.countries or phone.region in rules.countries
        assert normalise(phone.e164, region=region, rules=rules).e164 == phone.e164


@settings(deadline=None, max_examples=400)
@given(region=st.sampled_from(REGIONS), national=st.text("0123456789", min_size=6, max_size=12), rules=RULES)
def test_a_national_number_that_is_understood_stays_the_same(region: str, national: str, rules: Rules) -> None:
    code = phonenumbers.country_code_for_region(region)
    for text in (national, f"0{national}", f"+{code}{national}", f"00{code}{national}"):
        phone = try_to_read(text, region, rules)
        if phone:
            again = normalise(phone.e164, region=None, rules=rules)
            assert (again.e164, again.region, again.kind) == (phone.e164, phone.region, phone.kind)


@settings(deadline=None, max_examples=1000)
@given(text=st.text("0123456789+-() ./", max_size=20) | SLASHED)
def test_digits_told_at_sight_are_those_of_all_the_steps(text: str) -> None:
    seen = notation.at_sight(text)
    if seen is not None:
        assert notation.trim(text) == notation.plain(text) == text
        assert (notation.without_extension(text), notation.first_of_several(text)) == (None, None)
        assert notation.digits(text) == seen


@pytest.mark.parametrize(
    "text",
    ["+491701234567", "+49 170 1234567", "0170 1234567", "0170/1234567", "+49 (0)170 1234-567", "(0170) 123.45.67"],
)
def test_usual_notations_are_told_at_sight(text: str) -> None:
    assert notation.at_sight(text) == notation.digits(text)


def test_reading_numbers_needs_no_django() -> None:
    code = "import sys, accounts.phones; sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
