"""How records travel to processes that read them, and what was read travels back: no pickle, nothing that could run.

There: a head of four numbers and, for a batch of records, how many values each attribute has, how long each value is,
and all values in a row. Back: the length, then JSON in one line, and behind it the rows of people who are new, which
are kept as they are.
"""

from __future__ import annotations

import json
import struct
from array import array
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

HEAD = struct.Struct("<4I")
LENGTH = struct.Struct("<I")
_REASONS: dict[str, Flaw | Reason] = {str(reason): reason for reason in (*Flaw, *Reason)}


Question = tuple[Unread, str | None]
"""A record, and the number that counted before; None for a person whom nobody knows."""
_UNKNOWN = b"?"


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
    text = json.dumps([facts, asdict(profile)]).encode()
    return LENGTH.pack(len(text)) + text


def unpack_settings(text: bytes) -> tuple[Rules, Profile]:
    facts, profile = json.loads(text)
    places = tuple(Place(*place) for place in facts.pop("places"))
    rules = Rules(**{**facts, "countries": frozenset(facts["countries"]), "places": places})
    return rules, Profile(**{name: _frozen(value) for name, value in profile.items()})


def pack_batch(batch: Sequence[Question]) -> bytes:
    """All records have the same profile."""
    counts, flat = array("I"), list[bytes]()
    for unread, before in batch:
        flat += (
            unread.dn.encode("utf-8", "surrogatepass"),
            _UNKNOWN if before is None else before.encode(),
            unread.fingerprint.encode(),
        )
        for values in unread.found:
            counts.append(len(values) if values else 0)
            if values:
                flat += values
    lengths = array("I", map(len, flat))
    body = b"".join(flat)
    head = HEAD.pack(len(batch), len(counts), len(lengths), len(body))
    return b"".join((head, counts.tobytes(), lengths.tobytes(), body))


def unpack_batch(head: bytes, rest: bytes, profile: Profile) -> Iterator[Question]:
    """The same records."""
    size, counted, measured, _ = HEAD.unpack(head)
    numbers = array("I")
    numbers.frombytes(rest[: (counted + measured) * numbers.itemsize])
    counts = iter(numbers[:counted])
    values = _slices(rest, (counted + measured) * numbers.itemsize, numbers[counted:])
    for _ in range(size):
        dn, before, mark = next(values).decode("utf-8", "surrogatepass"), next(values), next(values).decode()
        found = [[next(values) for _ in range(next(counts))] or None for _ in profile.attributes]
        directory_id = profile.read_id(found[0][0]) if found[0] else ""
        yield Unread(dn, found, profile, directory_id, mark), None if before == _UNKNOWN else before.decode()


def rest_of(head: bytes) -> int:
    """How many bytes follow a head."""
    _, counted, measured, body = HEAD.unpack(head)
    size: int = (counted + measured) * array("I").itemsize + body
    return size


def pack_answer(answer: Answer) -> bytes:
    ids, names, numbers, sums, rows = answer.newcomers
    found = [[_row(parsed) for parsed in answer.parsed], ids, names, numbers, asdict(sums)]
    text = json.dumps(found, separators=(",", ":")).encode() + b"\n" + rows
    return LENGTH.pack(len(text)) + text


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


def _slices(body: bytes, start: int, lengths: Sequence[int]) -> Iterator[bytes]:
    for length in lengths:
        yield body[start : start + length]
        start += length


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
