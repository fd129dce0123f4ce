"""Which number of an entry counts. Pure; what a number is, is decided in accounts.phones."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from accounts import phones, places
from accounts.directory.entries import Entry, Problem, printable, to_the_letter

LONGEST_PLACE = 30


class Choice(NamedTuple):
    """The number, E.164 or empty, with the rule by which its country was found, in words; and every value that was
    looked at and cannot be used."""

    e164: str
    problems: list[Problem]
    rule: str = ""


class Origin(NamedTuple):
    """Where national numbers of an entry are dialled, and who says so; no region where nobody does."""

    region: str | None
    named: str

    def words(self, rule: str, rules: phones.Rules) -> str:
        """A rule of `phones` with the region that it led to: "region of ou=paris (FR)"."""
        if rule == phones.REGION_OF_ENTRY:
            return f"{self.named} ({self.region})"
        return f"{rule} ({rules.default_region})" if rule == phones.DEFAULT_REGION else rule


def choose(entry: Entry, rules: phones.Rules, *, before: str) -> Choice:
    """The first attribute with a usable value decides, in it the first usable value.

    Values of one attribute have no order (RFC 4511 2.2): the number that counted at the last run (`before`) goes on
    counting while it is among them, so that a server that shuffles values changes nobody's number.
    """
    origin = origin_of(entry, rules)
    problems: list[Problem] = []
    for attribute, values in groupby(entry.phones, key=_attribute):
        usable: dict[str, str] = {}
        for _, text in values:
            found = _read(attribute, text, origin, rules, problems)
            if found:
                usable.setdefault(found.e164, found.rule)
        if usable:
            e164 = before if before in usable else next(iter(usable))
            return Choice(e164, problems, origin.words(usable[e164], rules))
    return Choice("", problems)


def origin_of(entry: Entry, rules: phones.Rules) -> Origin:
    """The country that the entry names, else that of its place in the tree."""
    region = phones.region_of(entry.region) if entry.region else None
    if region:
        return Origin(region, phones.REGION_OF_ENTRY)
    place = places.find(entry.dn, rules.places)
    return Origin(place.region, f"region of {printable(place.name, LONGEST_PLACE)}") if place else Origin(None, "")


def _attribute(value: tuple[str, str]) -> str:
    return value[0]


def _read(
    attribute: str, text: str, origin: Origin, rules: phones.Rules, problems: list[Problem]
) -> phones.Phone | None:
    try:
        return phones.normalise(text, region=origin.region, rules=rules)
    except phones.Unusable as unusable:
        rule, meant = origin.words(unusable.rule, rules), unusable.suggestion or ""
        exact = to_the_letter(text) if meant else ""
        problems.append(Problem(unusable.reason, attribute, printable(unusable.raw), meant, rule=rule, exact=exact))
        return None
