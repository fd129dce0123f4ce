"""Places in a directory's tree and the countries they stand for."""

from __future__ import annotations

import pytest

from accounts.places import Place, find, parse, plain

TREE = parse("FR: ou=paris,dc=example,dc=org; AT: OU=Wien, DC=example, DC=org; DE: dc=example,dc=org")


@pytest.mark.parametrize(("dn", "region"), [
    ("uid=a,ou=paris,dc=example,dc=org", "FR"),
    ("UID=a, OU=Paris, DC=Example, DC=ORG", "FR"),
    ("uid=a,ou=team,ou=paris,dc=example,dc=org", "FR"),
    ("ou=paris,dc=example,dc=org", "FR"),
    ("uid=a,ou=wien,dc=example,dc=org", "AT"),
    ("uid=a,ou=people,dc=example,dc=org", "DE"),
    ("uid=a,ou=bigparis,dc=example,dc=org", "DE"),
    ("uid=a,ou=paris,dc=example,dc=net", None),
    ("uid=a\\,ou=paris,dc=example,dc=org", "DE"),
    ("uid=a\\\\,ou=paris,dc=example,dc=org", "FR"),
    ("uid=ou=paris,dc=example,dc=org", "DE"),
    ("", None),
])  # fmt: skip
def test_nearest_place_above_an_entry_counts(dn: str, region: str | None) -> None:
    place = find(dn, TREE)
    assert (place.region if place else None) == region


def test_without_places_nothing_is_found() -> None:
    assert find("uid=a,ou=paris,dc=example,dc=org", ()) is None


def test_places_are_read_in_any_order_and_spelling() -> None:
    turned = parse("de:dc=example,dc=org;at: ou = Wien,dc=example,dc=org ; FR: OU=Paris,DC=Example,DC=Org;")
    assert turned == TREE
    assert [place.name for place in TREE] == ["ou=paris", "ou=wien", "dc=example"]


def test_escaped_separators_belong_to_the_name() -> None:
    [place] = parse(r"FR: ou=Paris\; Nord\, Est,dc=example")
    assert place == Place(plain(r"ou=Paris\; Nord\, Est,dc=example"), "FR")
    assert find(r"uid=a, ou=paris\; nord\, est, dc=example", (place,)) == place


@pytest.mark.parametrize("text", [
    "ou=paris,dc=example", "FR", "FR:", "FR: paris", "FR: ou=paris,,dc=example", "FR: ou=paris,dc", "FR: ,ou=paris",
    "FR: ou=paris,dc=example\\", "FR: ou=,dc=example", "FR: ou=a; FR: OU=A",
])  # fmt: skip
def test_what_names_no_place_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(must be countries with places|names one place twice)"):
        parse(text)


def test_no_text_means_no_places() -> None:
    assert parse("") == parse(" ; ") == ()
