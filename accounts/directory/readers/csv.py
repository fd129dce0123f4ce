"""Reads the same records from a CSV file with a head (RFC 4180), as spreadsheets and personnel systems write it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from accounts.directory.entries import Sighting
from accounts.directory.readers import BadFile
from accounts.directory.readers.files import opened
from accounts.directory.readers.profiles import OPENLDAP, Profile
from accounts.directory.readers.records import sight
from accounts.portions import portions

SEPARATORS = (",", ";", "\t")
BETWEEN_VALUES = "|"
"""Between several numbers in one cell: no notation of a number has it, and no file uses it between cells."""
ENABLED = {"": b"", "1": b"", "true": b"", "yes": b"", "0": b"false", "false": b"false", "no": b"false"}
BATCH = 1000
LONGEST_LINE = 100_000


class CsvReader:
    """Every row of the file. Columns are called as the profile calls attributes, or plainly id, username, name, mail,
    mobile, telephone, country, enabled, dn; others are passed over. A file that cannot be read to its end, row by row
    in full, counts for nothing."""

    def __init__(self, path: Path, *, profile: Profile = OPENLDAP) -> None:
        self._path, self._profile = path, profile

    def batches(self) -> Iterator[list[Sighting]]:
        with opened(self._path) as file:
            people = _people(file, self._profile)
            yield from portions(people, BATCH)


@dataclass(frozen=True)
class Head:
    """The first line: what stands in which column ("" for what is passed over), and the profile that reads the rows."""

    separator: str
    columns: tuple[str, ...]
    profile: Profile

    def sighting(self, cells: Sequence[str], number: int) -> Sighting:
        """The row of this line; raises BadFile where it does not fit the head."""
        if len(cells) != len(self.columns):
            raise BadFile(f"Line {number} of the CSV file has {len(cells)} cells, its head has {len(self.columns)}.")
        row = {name: cell.strip() for name, cell in zip(self.columns, cells, strict=True) if name}
        state = ENABLED.get(row.pop("enabled", "").lower())
        if state is None:
            raise BadFile(f"Line {number} of the CSV file says neither yes nor no in the column enabled.")
        # Not a distinguished name, but as steady as one: two rows without a column dn are never taken for one.
        dn = row.pop("dn", "") or (f"id {row['id']}" if row["id"] else f"line {number}")
        raw = {name: self._values(name, cell) for name, cell in row.items() if cell}
        return sight(dn, raw | {"enabled": [state]} if state else raw, self.profile)

    def _values(self, name: str, cell: str) -> list[bytes]:
        several = cell.split(BETWEEN_VALUES) if name in self.profile.phones else [cell]
        return [value.strip().encode() for value in several if value.strip()]


def _people(file: BinaryIO, profile: Profile) -> Iterator[Sighting]:
    lines = _lines(file)
    head = _head(next(lines, ""), profile)
    for number, cells in _rows(lines, head.separator, before=1):
        yield head.sighting(cells, number)


def _lines(file: BinaryIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE or b"\0" in line:
            raise BadFile(f"Line {number} of the CSV file is too long, or no text.")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise BadFile(f"Line {number} of the CSV file is not in UTF-8. Save the file as UTF-8.") from None


def _rows(lines: Iterator[str], separator: str, *, before: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Every row that has anything in it, with the number of the line it ends at."""
    rows = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        try:
            cells = next(rows, None)
        except csv.Error:
            number = before + rows.line_num
            raise BadFile(f"Line {number} of the CSV file is no proper row. Check its quotation marks.") from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield before + rows.line_num, cells


def _head(line: str, profile: Profile) -> Head:
    """Raises BadFile unless one separator makes known columns out of the line, an id and a user name among them, each
    of them once."""
    for separator in SEPARATORS:
        cells = next((cells for _, cells in _rows(iter([line]), separator)), [])
        columns = tuple(_known(profile).get(cell.strip().lower(), "") for cell in cells)
        if {"id", "username"} <= set(columns):
            break
    else:
        words = f"{_or('id', profile.id)} and {_or('username', profile.username)}"
        raise BadFile(f"Line 1 of the CSV file must name the columns, with {words} among them.")
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise BadFile(f"Line 1 of the CSV file has two columns for {twice[0]}.")
    return Head(separator, columns, _profile_of(columns, profile))


def _or(plain: str, attribute: str) -> str:
    return plain if plain == attribute else f"{plain} (or {attribute})"


def _known(profile: Profile) -> dict[str, str]:
    """What a column may be called, in lower case, and what stands in it then."""
    attributes = (*profile.name, *profile.phones, *profile.region, *_states(profile))
    plain = ("id", "username", "name", "mail", "mobile", "telephone", "country", "enabled", "dn")
    known = {name.lower(): name for name in (*plain, *attributes)}
    named = {profile.id.lower(): "id", profile.username.lower(): "username", profile.mail.lower(): "mail"}
    return known | named


def _states(profile: Profile) -> list[str]:
    return [attribute for attribute, _ in (*profile.locked, *profile.locked_bits)]


def _profile_of(columns: Sequence[str], profile: Profile) -> Profile:
    """How to read a row with these columns: ids are text here, and whoever has no state is enabled."""
    present = set(columns)

    def here(*names: str) -> tuple[str, ...]:
        return tuple(name for name in dict.fromkeys(names) if name in present)

    return replace(
        profile, id="id", username="username", mail="mail",
        name=here(*profile.name, "name"), phones=here(*profile.phones, "mobile", "telephone"),
        region=here("country", *profile.region),
        locked=(("enabled", "false"), *(pair for pair in profile.locked if pair[0] in present)),
        locked_bits=tuple(pair for pair in profile.locked_bits if pair[0] in present),
    )  # fmt: skip
