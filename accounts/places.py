"""Which country a place in the directory's tree stands for, where entries name none. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_SPACES = re.compile(r"\s*(?<!\\)([,=+])\s*")
_ENTRY = re.compile(r"(?:[^;\\]|\\.|\\$)+", re.DOTALL)
_PART = re.compile(r"(?:[^,\\]|\\.)+", re.DOTALL)
_RDN = re.compile(r"[\w.-]+=(?:\\.|[^\\])+", re.DOTALL)


class Place(NamedTuple):
    """A DN, as `plain` gives it, and the region ("FR") of what stands below it."""

    dn: str
    region: str

    @property
    def name(self) -> str:
        """Its first part, for people: "ou=paris"."""
        part = _PART.match(self.dn)
        return part[0] if part else self.dn


def parse(text: str) -> tuple[Place, ...]:
    """The places of a text as `named` reads it. Raises ValueError in one clause that never holds the text; whether
    there is such a region is for others to say."""
    places = [_place(region, dn) for region, dn in named(text)]
    if len({place.dn for place in places}) < len(places):
        raise ValueError("names one place twice")
    return longest_first(places)


def named(text: str) -> Iterator[tuple[str, str]]:
    """The words and DNs of "FR: ou=paris,dc=example,dc=org; AT: ou=wien,dc=example,dc=org"; "" where one is missing.
    Semicolons within a DN are escaped by a backslash, as everywhere in LDAP."""
    for entry in _ENTRY.findall(text):
        if entry.strip():
            word, _, dn = entry.partition(":")
            yield word.strip(), dn.strip()


def longest_first(places: Iterable[Place]) -> tuple[Place, ...]:
    return tuple(sorted(places, key=lambda place: (-len(place.dn), place.dn)))


def find(dn: str, places: tuple[Place, ...]) -> Place | None:
    """The nearest place above an entry, or the entry itself; `places` are ordered by `longest_first`."""
    if not places:
        return None
    entry = plain(dn)
    return next((place for place in places if _is_below(entry, place.dn)), None)


def plain(dn: str) -> str:
    """A DN for comparing: no case, no spaces around commas and equals signs."""
    return _SPACES.sub(r"\1", dn.strip()).casefold()


def _is_below(entry: str, place: str) -> bool:
    if not entry.endswith(place):
        return False
    above = entry[: -len(place)]
    if not above:
        return True
    # A comma after an odd number of backslashes is part of a value: cn=x\,ou=paris is not below ou=paris.
    before = above[:-1]
    return above[-1] == "," and (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _place(region: str, dn: str) -> Place:
    place = Place(plain(dn), region.upper())
    parts = _PART.findall(place.dn)
    if ",".join(parts) != place.dn or not parts or not all(map(_RDN.fullmatch, parts)):
        raise ValueError("must be countries with places, such as FR: ou=paris,dc=example,dc=org; AT: ou=wien,dc=...")
    return place
