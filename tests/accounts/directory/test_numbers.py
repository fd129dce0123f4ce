"""Which of an entry's numbers counts."""

from __future__ import annotations

import pytest

from accounts.directory.numbers import choose
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
