"""How records travel to processes that read them, and what was read travels back.

JSON both ways, in which nothing could run whatever a record did to its reader: there with raw values as Latin-1, which
has a character for each byte; back in one line, and behind it the rows of people who are new, which are kept as they
are. Before each stands its length.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from accounts.directory.entries import Entry, Flaw, Problem, Record, Unreadable
from accounts.directory.newcomers import Newcomers
from accounts.directory.numbers import Choice
from accounts.directory.readers.profiles import Profile
from accounts.directory.readers.records import Unread
from accounts.directory.tally import Sums
from accounts.phones import Reason, Rules
from accounts.places import Place

LENGTH = struct.Struct("<I")
_REASONS: dict[str, Flaw | Reason] = {str(reason): reason for reason in (*Flaw, *Reason)}


Question = tuple[Unread, str | None]
"""A record, and the number that counted before; None for a person whom nobody knows."""


class Parsed(NamedTuple):
    """A record, by its place in the batch, and which of its numbers counts: None where the record cannot be used."""

    at: int
    record: Record
    choice: Choice | None


class Answer(NamedTuple):
    """What is in a batch: each record that cannot be used or is of somebody known, and everybody who is new."""

    parsed: list[Parsed]
    newcomers: Newcomers


def pack_settings(rules: Rules, profile: Profile) -> bytes:
    """What a process has to know before the first batch."""
    facts = {**asdict(rules), "countries": sorted(rules.countries)}
    return _framed(json.dumps([facts, asdict(profile)]).encode())


def unpack_settings(text: bytes) -> tuple[Rules, Profile]:
    facts, profile = json.loads(text)
    places = tuple(Place(*place) for place in facts.pop("places"))
    rules = Rules(**{**facts, "countries": frozenset(facts["countries"]), "places": places})
    return rules, Profile(**{name: _frozen(value) for name, value in profile.items()})


def pack_batch(batch: Sequence[Question]) -> bytes:
    """All records have the same profile."""
    rows = [(one.dn, _texts(one.found), one.directory_id, one.fingerprint, before) for one, before in batch]
    return _framed(json.dumps(rows, separators=(",", ":")).encode())


def unpack_batch(packed: bytes, profile: Profile) -> Iterator[Question]:
    for dn, texts, directory_id, mark, before in json.loads(packed):
        yield Unread(dn, _bytes(texts), profile, directory_id, mark), before


def pack_answer(answer: Answer) -> bytes:
    ids, names, numbers, sums, rows = answer.newcomers
    found = [[_row(parsed) for parsed in answer.parsed], ids, names, numbers, asdict(sums)]
    return _framed(json.dumps(found, separators=(",", ":")).encode() + b"\n" + rows)


def unpack_answer(text: bytes) -> Answer:
    line, _, rows = text.partition(b"\n")
    parsed, ids, names, numbers, sums = json.loads(line)
    return Answer([_parsed(row) for row in parsed], Newcomers(ids, names, numbers, Sums(**sums), rows))


def _row(parsed: Parsed) -> list[Any]:
    at, record, choice = parsed
    if isinstance(record, Unreadable):
        return [at, record.directory_id, record.dn, record.username, record.problem]
    return [at, [getattr(record, name) for name in Entry.__slots__], *(choice or Choice("", []))]


def _parsed(row: list[Any]) -> Parsed:
    at, entry, *rest = row
    if isinstance(entry, str):
        dn, username, problem = rest
        return Parsed(at, Unreadable(entry, dn, username, _problem(problem)), None)
    directory_id, dn, username, name, email, phones, region, enabled, mark, problems = entry
    record = Entry(
        directory_id, dn, username, name, email, tuple(map(tuple, phones)), region, enabled, mark,
        tuple(map(_problem, problems)),
    )  # fmt: skip
    e164, refused, rule = rest
    return Parsed(at, record, Choice(e164, [_problem(problem) for problem in refused], rule))


def _problem(row: list[Any]) -> Problem:
    return Problem(_REASONS[row[0]], *row[1:])


def _texts(found: list[list[bytes] | None]) -> list[list[str] | None]:
    return [[str(value, "latin-1") for value in values] if values is not None else None for values in found]


def _bytes(texts: list[list[str] | None]) -> list[list[bytes] | None]:
    return [[text.encode("latin-1") for text in values] if values is not None else None for values in texts]


def _framed(content: bytes) -> bytes:
    return LENGTH.pack(len(content)) + content


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
