"""Countries as people, directories and telephone numbers name them: no telephone rules here, no Django.

countries.csv holds the ISO 3166-1 codes, an English name each, that of another language in a column called by its code
where it differs, other names directories use, and three regions that have numbers but no ISO code. The names are those
of CLDR as libphonenumber carries them, corrected by hand: loading the library's own table would cost each process
100 MB.
"""

from __future__ import annotations

import csv
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import phonenumbers

TABLE = Path(__file__).with_name("countries.csv")
LONGEST_NAME = 64


@dataclass(frozen=True)
class Country:
    """One line of a country picker: region "DE", name "Germany", code "+49"."""

    region: str
    name: str
    code: str


def has_numbers(region: str) -> bool:
    """True when telephone numbers of this ISO 3166-1 alpha-2 region are known."""
    return region in phonenumbers.SUPPORTED_REGIONS


def name_of(region: str, language: str = "en") -> str:
    """Name of an alpha-2 region, in English where `language` has none; the region itself when it has no name at all."""
    return _names(language).get(region, region)


@cache
def all_countries(language: str = "en") -> tuple[Country, ...]:
    """Every region that has telephone numbers, sorted by its name in `language` without regard to accents."""
    countries = (
        Country(region, name, f"+{phonenumbers.country_code_for_region(region)}")
        for region, name in _names(language).items()
        if has_numbers(region)
    )
    return tuple(sorted(countries, key=lambda country: _key(country.name)))


def region_of(text: str) -> str | None:
    """The alpha-2 region a directory means by `c` ("DE"), `co` ("Germany", "Deutschland") or `countryCode` ("276").

    None when it names no country, or is the "0" Active Directory writes for "not set". A country without telephone
    numbers (Antarctica) is still returned: better no number than one read by the rules of another country.
    """
    return None if len(text) > LONGEST_NAME else _region_of(text)


@lru_cache(maxsize=1000)
def _region_of(text: str) -> str | None:
    key = _key(text)
    if key.isascii() and key.isdecimal():
        key = key.zfill(3)
    return _regions().get(key)


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with TABLE.open(encoding="utf-8", newline="") as table:
        return tuple(csv.DictReader(table))


@cache
def _names(language: str = "en") -> dict[str, str]:
    return {row["region"]: row.get(language) or row["name"] for row in _rows()}


@cache
def _regions() -> dict[str, str]:
    return {
        _key(word): row["region"]
        for row in _rows()
        for word in (row["region"], row["alpha3"], row["numeric"], row["name"], *row["also"].split("|"))
        if word
    }


def _key(text: str) -> str:
    """What remains of a name for comparing: letters and digits, no case, no accents, no leading "the"."""
    folded = unicodedata.normalize("NFD", text.strip().casefold()).removeprefix("the ")
    return "".join(mark for mark in folded if mark.isalnum())
