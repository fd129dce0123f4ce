"""Which of an entry's numbers counts."""

from __future__ import annotations

import pytest

from accounts import places
from accounts.directory.entries import Entry
from accounts.directory.numbers import choose
from accounts.directory.readers.profiles import OPENLDAP
from accounts.directory.readers.records import read
from accounts.phones import Reason, Rules
from tests.accounts.directory.samples import MOBILE, OTHER, RULES, entry
from tests.tables import BAD_PHONES, GOOD_PHONES


@pytest.mark.row("T-55")
@pytest.mark.parametrize(("text", "e164"), GOOD_PHONES)
def test_good_value_becomes_e164(text: str, e164: str) -> None:
    choice = choose(entry("1", "a", text), RULES, before="")
    assert (choice.e164, choice.problems) == (e164, [])


@pytest.mark.row("T-55")
@pytest.mark.parametrize(("text", "reason"), BAD_PHONES, ids=lambda value: repr(value)[:20])
def test_bad_value_is_reported_with_a_bounded_harmless_copy(text: str, reason: Reason) -> None:
    [problem] = choose(entry("1", "a", text), RULES, before="").problems
    assert (problem.reason, problem.attribute) == (reason, "mobile")
    assert len(problem.value) <= 64
    assert problem.value.isprintable()


def test_first_usable_mobile_counts_and_the_unusable_ones_are_reported() -> None:
    choice = choose(entry("1", "a", "junk", "0170 1234567", OTHER, landline="junk too"), RULES, before="")
    assert choice.e164 == MOBILE
    assert [problem.value for problem in choice.problems] == ["junk"]


def test_other_attribute_counts_when_no_mobile_is_usable() -> None:
    choice = choose(entry("1", "a", "junk", landline=["030 123456", "0171 1234567"]), RULES, before="")
    assert choice.e164 == OTHER
    assert [problem.attribute for problem in choice.problems] == ["mobile", "telephoneNumber"]
    assert [problem.reason for problem in choice.problems] == [Reason.NOT_A_NUMBER, Reason.LANDLINE]


def test_values_in_another_order_change_nothing() -> None:
    assert choose(entry("1", "a", OTHER, MOBILE), RULES, before=MOBILE).e164 == MOBILE
    assert choose(entry("1", "a", OTHER, landline=MOBILE), RULES, before=MOBILE).e164 == OTHER


@pytest.mark.parametrize("region", ["GB", "gbr", "United Kingdom", "826"])
def test_country_of_the_entry_reads_a_national_number(region: str) -> None:
    assert choose(entry("1", "a", "07400 123456", region=region), RULES, before="").e164 == "+447400123456"


def test_strict_rules_refuse_a_number_whose_country_nobody_named() -> None:
    [problem] = choose(entry("1", "a", "0170 1234567"), Rules("DE", frozenset(), strict=True), before="").problems
    assert (problem.reason, problem.suggestion) == (Reason.NO_COUNTRY_CODE, MOBILE)
    assert choose(entry("1", "a", "+491701234567"), Rules("DE", frozenset(), strict=True), before="").e164 == MOBILE


BY_PLACE = Rules("DE", frozenset(), places=places.parse("FR: ou=paris,dc=example; GB: dc=example"))
PARIS, LONDON, ELSEWHERE = "uid=a,ou=paris,dc=example", "uid=a,ou=london,dc=example", "uid=a,dc=elsewhere"


def at(dn: str, text: str, region: str = "") -> Entry:
    found = entry("1", "a", text, region=region)
    found.dn = dn
    return found


@pytest.mark.parametrize(
    ("found", "e164", "rule"),
    [
        (at(PARIS, "+49 170 1234567"), MOBILE, "international"),
        (at(PARIS, "0049 170 1234567"), MOBILE, "00"),
        (at(PARIS, "06 12 34 56 78"), "+33612345678", "region of ou=paris (FR)"),
        (at(LONDON, "07400 123456"), "+447400123456", "region of dc=example (GB)"),
        (at(PARIS, "07400 123456", "United Kingdom"), "+447400123456", "region of entry (GB)"),
        (at(PARIS, "06 12 34 56 78", "Atlantis"), "+33612345678", "region of ou=paris (FR)"),
        (at(PARIS, "06 12 34 56 78", "0"), "+33612345678", "region of ou=paris (FR)"),
        (at(ELSEWHERE, "0170 1234567"), MOBILE, "default region (DE)"),
    ],
)
def test_country_is_that_of_the_entry_then_of_its_place_then_the_default(found: Entry, e164: str, rule: str) -> None:
    choice = choose(found, BY_PLACE, before="")
    assert (choice.e164, choice.rule) == (e164, rule)


@pytest.mark.parametrize(
    ("found", "reason", "rule"),
    [
        (at(PARIS, "0170 1234567 1"), Reason.TOO_LONG, "region of ou=paris (FR)"),
        (at(ELSEWHERE, "030 123456"), Reason.LANDLINE, "default region (DE)"),
        (at(PARIS, "030 123456", "DE"), Reason.LANDLINE, "region of entry (DE)"),
        (at(PARIS, "+49 30 123456"), Reason.LANDLINE, "international"),
        (at(PARIS, "unknown"), Reason.NOT_A_NUMBER, ""),
    ],
)
def test_refusal_tells_the_rule_that_was_tried(found: Entry, reason: Reason, rule: str) -> None:
    [problem] = choose(found, BY_PLACE, before="").problems
    assert (problem.reason, problem.rule) == (reason, rule)


def test_place_names_the_country_even_where_the_default_one_only_suggests() -> None:
    strict = Rules("DE", frozenset(), strict=True, places=BY_PLACE.places)
    assert choose(at(PARIS, "06 12 34 56 78"), strict, before="").e164 == "+33612345678"
    [problem] = choose(at(ELSEWHERE, "0170 1234567"), strict, before="").problems
    assert (problem.reason, problem.suggestion, problem.rule) == (Reason.NO_COUNTRY_CODE, MOBILE, "")


def test_long_name_of_a_place_is_shown_short() -> None:
    rules = Rules(None, frozenset(), places=places.parse(f"DE: ou={'x' * 200},dc=example"))
    choice = choose(at(f"uid=a,ou={'X' * 200},dc=example", "0170 1234567"), rules, before="")
    assert choice.e164 == MOBILE
    assert len(choice.rule) <= 60


def test_rule_belongs_to_the_number_that_goes_on_counting() -> None:
    choice = choose(entry("1", "a", "+49 171 1234567", "0170 1234567"), RULES, before=MOBILE)
    assert (choice.e164, choice.rule) == (MOBILE, "default region (DE)")


@pytest.mark.row("T-55")
def test_bytes_that_are_no_text_are_refused_and_the_next_value_counts() -> None:
    record = read(
        PARIS, {"entryUUID": [b"1"], "uid": [b"a"], "mobile": [b"+49170\xff1234567", b"0170 1234567"]}, OPENLDAP
    )
    assert isinstance(record, Entry)
    choice = choose(record, RULES, before="")
    assert choice.e164 == MOBILE
    assert [problem.reason for problem in choice.problems] == [Reason.NOT_A_NUMBER]


@pytest.mark.parametrize(
    "other",
    [
        Rules("FR", frozenset()),
        Rules("DE", frozenset({"DE"})),
        Rules("DE", frozenset(), allow_landline=True),
        Rules("DE", frozenset(), strict=True),
        Rules("DE", frozenset(), places=places.parse("FR: ou=paris,dc=example")),
        Rules("DE", frozenset(), places=places.parse("DE: ou=paris,dc=example")),
    ],
)
def test_other_rules_are_told_apart_by_their_facts(other: Rules) -> None:
    assert other.facts != RULES.facts
    assert repr(RULES.facts) == repr(Rules("DE", frozenset()).facts)
