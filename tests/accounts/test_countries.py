"""Countries as the picker offers them, and as directories name them."""

from __future__ import annotations

import re

import pytest

from accounts.phones import Rules, country_choices, region_of
from tests.accounts.test_phones import ANYWHERE, REGIONS, label, least_seconds


def test_countries_are_named_and_sorted_in_the_language_that_is_asked_for() -> None:
    german = [one.name for one in country_choices(ANYWHERE, "de")]
    assert german[:3] == ["Afghanistan", "Ägypten", "Ålandinseln"]
    assert {"Deutschland", "Luxemburg", "Vereinigte Staaten"} <= set(german)
    assert country_choices(ANYWHERE, "xx") == country_choices(ANYWHERE)


def test_picker_offers_allowed_countries_sorted_by_name() -> None:
    rules = Rules(default_region=None, countries=frozenset({"US", "DE", "AX", "CH"}))
    assert [(one.region, one.name, one.code) for one in country_choices(rules)] == [
        ("AX", "Åland Islands", "+358"),
        ("DE", "Germany", "+49"),
        ("CH", "Switzerland", "+41"),
        ("US", "United States", "+1"),
    ]


def test_picker_names_every_region_that_has_numbers() -> None:
    choices = country_choices(ANYWHERE)
    assert sorted(one.region for one in choices) == REGIONS
    assert all(len(one.name) > 3 and re.fullmatch(r"\+[1-9]\d{0,2}", one.code) for one in choices)
    assert len({one.name for one in choices}) == len(choices)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("DE", "DE"),
        (" de ", "DE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("DEUTSCHLAND", "DE"),
        ("276", "DE"),
        ("56", "BE"),
        ("056", "BE"),
        ("UK", "GB"),
        ("The Netherlands", "NL"),
        ("Österreich", "AT"),
        ("Osterreich", "AT"),
        ("United States of America", "US"),
        ("Korea, Republic of", "KR"),
        ("Côte d’Ivoire", "CI"),
        ("AQ", "AQ"),
        ("0", None),
        ("999", None),
        ("", None),
        ("|", None),
        ("Atlantis", None),
        ("\x00", None),
        ("²76", None),
        ("x" * 1_000_000, None),
        ("\u0300" * 100_000, None),
    ],
    ids=label,
)
def test_directory_names_of_a_country_lead_to_its_region(text: str, region: str | None) -> None:
    assert region_of(text) == region


@pytest.mark.row("T-69")
@pytest.mark.parametrize("mark", ["\u0300", "9", "a\u0301", "\ufdfa"])
def test_huge_country_name_is_refused_at_once(mark: str) -> None:
    assert least_seconds(lambda: region_of(mark * 1_000_000)) < 0.05
    assert region_of(mark * 1_000_000) is None


def test_every_picker_name_leads_back_to_its_region() -> None:
    assert all(region_of(one.name) == one.region == region_of(one.region) for one in country_choices(ANYWHERE))
