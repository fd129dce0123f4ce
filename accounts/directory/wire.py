"""How records travel to processes that read them, and what was read travels back: no pickle, nothing that could run.

There: a head of four numbers and, for a batch of records, how many values each attribute has, how long each value is,
and all values in a row. Back: the length, then JSON.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from accounts.directory.entries import Entry, Flaw, Problem, Record, Unreadable
from accounts.directory.numbers import Choice
from accounts.directory.readers.profiles import Profile
from accounts.directory.readers.records import Unread
from accounts.phones import Reason, Rules
from accounts.places import Place

HEAD = struct.Struct("<4I")
LENGTH = struct.Struct("<I")
_REASONS: dict[str, Flaw | Reason] = {str(reason): reason for reason in (*Flaw, *Reason)}


class Parsed(NamedTuple):
    """A record, and which of its numbers counts: None where the record cannot be used."""

    record: Record
    choice: Choice | None


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


def pack_batch(batch: Sequence[tuple[Unread, str]]) -> bytes:
    """Records, each with the number that counted before. All have the same profile."""
    counts, flat = array("I"), list[bytes]()
    for unread, before in batch:
        flat += (unread.dn.encode("utf-8", "surrogatepass"), before.encode())
        for values in unread.found:
            counts.append(len(values) if values else 0)
            if values:
                flat += values
    lengths = array("I", map(len, flat))
    body = b"".join(flat)
    head = HEAD.pack(len(batch), len(counts), len(lengths), len(body))
    return b"".join((head, counts.tobytes(), lengths.tobytes(), body))


def unpack_batch(head: bytes, rest: bytes, profile: Profile) -> Iterator[tuple[Unread, str]]:
    """The same records, their fingerprints left behind."""
    size, counted, measured, _ = HEAD.unpack(head)
    numbers = array("I")
    numbers.frombytes(rest[: (counted + measured) * numbers.itemsize])
    counts = iter(numbers[:counted])
    values = _slices(rest, (counted + measured) * numbers.itemsize, numbers[counted:])
    for _ in range(size):
        dn, before = next(values).decode("utf-8", "surrogatepass"), next(values).decode()
        found = [[next(values) for _ in range(next(counts))] or None for _ in profile.attributes]
        directory_id = profile.read_id(found[0][0]) if found[0] else ""
        yield Unread(dn, found, profile, directory_id, ""), before


def rest_of(head: bytes) -> int:
    """How many bytes follow a head."""
    _, counted, measured, body = HEAD.unpack(head)
    size: int = (counted + measured) * array("I").itemsize + body
    return size


def pack_parsed(batch: Sequence[Parsed]) -> bytes:
    text = json.dumps([_row(parsed) for parsed in batch], separators=(",", ":")).encode()
    return LENGTH.pack(len(text)) + text


def unpack_parsed(text: bytes | memoryview, batch: Sequence[tuple[Unread, str]]) -> list[Parsed]:
    """What was read of a batch, in its order, with the ids and fingerprints that stayed here."""
    return [_parsed(row, unread) for row, (unread, _) in zip(json.loads(bytes(text)), batch, strict=True)]


def _row(parsed: Parsed) -> list[Any]:
    record, choice = parsed
    if isinstance(record, Unreadable):
        return [record.dn, record.username, record.problem]
    assert choice
    named = (record.dn, record.username, record.name, record.email, record.phones, record.region, record.enabled)
    return [*named, record.problems, *choice]


def _parsed(row: list[Any], unread: Unread) -> Parsed:
    if len(row) == 3:
        dn, username, problem = row
        return Parsed(Unreadable(unread.directory_id, dn, username, _problem(problem)), None)
    dn, username, name, email, phones, region, enabled, problems, e164, refused, rule = row
    entry = Entry(
        unread.directory_id, dn, username, name, email, tuple(map(tuple, phones)), region, enabled, unread.fingerprint,
        tuple(map(_problem, problems)),
    )  # fmt: skip
    return Parsed(entry, Choice(e164, [_problem(problem) for problem in refused], rule))


def _problem(row: list[Any]) -> Problem:
    return Problem(_REASONS[row[0]], *row[1:])


def _slices(body: bytes, start: int, lengths: Sequence[int]) -> Iterator[bytes]:
    for length in lengths:
        yield body[start : start + length]
        start += length


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
