"""Which number of an entry counts. Pure; what a number is, is decided in accounts.phones."""

from __future__ import annotations

from itertools import groupby
from typing import NamedTuple

from accounts import phones
from accounts.directory.entries import Entry, Problem, printable


class Choice(NamedTuple):
    """The number, E.164 or empty, and every value that was looked at and cannot be used."""

    e164: str
    problems: list[Problem]
    rule: str = ""


def choose(entry: Entry, rules: phones.Rules, *, before: str) -> Choice:
    """The first attribute with a usable value decides, in it the first usable value.

    Values of one attribute have no order (RFC 4511 2.2): the number that counted at the last run (`before`) goes on
    counting while it is among them, so that a server that shuffles values changes nobody's number.
    """
    region = phones.region_of(entry.region) if entry.region else None
    problems: list[Problem] = []
    for attribute, values in groupby(entry.phones, key=lambda value: value[0]):
        usable = [number for _, text in values if (number := _read(attribute, text, region, rules, problems))]
        if usable:
            return Choice(before if before in usable else usable[0], problems)
    return Choice("", problems)


def _read(attribute: str, text: str, region: str | None, rules: phones.Rules, problems: list[Problem]) -> str | None:
    try:
        return phones.normalise(text, region=region, rules=rules).e164
    except phones.Unusable as unusable:
        problems.append(Problem(unusable.reason, attribute, printable(unusable.raw), unusable.suggestion or ""))
        return None
