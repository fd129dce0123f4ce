"""Reads the same records from an LDIF file (RFC 2849), as `ldapsearch -LLL` or `slapcat` write it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator
from pathlib import Path

from accounts.directory.entries import Sighting
from accounts.directory.readers import BadFile
from accounts.directory.readers.files import opened
from accounts.directory.readers.profiles import OPENLDAP, Profile
from accounts.directory.readers.records import Raw, sight
from accounts.portions import portions

BATCH = 1000
LONGEST_LINE = 1_000_000


class LdifReader:
    """Every record of the file that has the profile's object class. A file that cannot be read to its end counts
    for nothing."""

    def __init__(self, path: Path, *, profile: Profile = OPENLDAP) -> None:
        self._path, self._profile = path, profile

    def batches(self) -> Iterator[list[Sighting]]:
        with opened(self._path) as file:
            people = (sight(dn, raw, self._profile) for dn, raw in _records(file) if self._is_person(raw))
            yield from portions(people, BATCH)

    def _is_person(self, raw: Raw) -> bool:
        classes = next((found for name, found in raw.items() if name.lower() == "objectclass"), None)
        if classes is None:
            return True
        named = {found.lower() for found in classes}
        return self._profile.person.encode() in named and self._profile.no_person.encode() not in named


def _records(lines: Iterable[bytes]) -> Iterator[tuple[str, Raw]]:
    dn, raw = "", Raw()
    for number, line in _unfolded(lines):
        if not line:
            if dn:
                yield dn, raw
            dn, raw = "", Raw()
            continue
        name, value = _split(line, number)
        if name.lower() == "dn":
            dn = value.decode("utf-8", "replace")
        elif name.lower() == "changetype":
            raise BadFile(f"Line {number} of the LDIF file is about a change: a file of entries is wanted.")
        elif dn:
            raw.setdefault(name, []).append(value)
        elif name.lower() != "version":
            raise BadFile(f"Line {number} of the LDIF file belongs to no entry: a line with its dn is missing.")
    if dn:
        yield dn, raw


def _unfolded(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Whole lines with the number each begins at; comments left out, an empty line at the end."""
    whole, begun = b"", 0
    for number, line in enumerate(lines, start=1):
        part = line.rstrip(b"\r\n")
        if part.startswith(b" ") and begun:
            whole += part[1:]
            if len(whole) > LONGEST_LINE:
                raise BadFile(f"Line {begun} of the LDIF file is too long.")
            continue
        if begun and not whole.startswith(b"#"):
            yield begun, whole
        whole, begun = part, number
    if begun and not whole.startswith(b"#"):
        yield begun, whole


def _split(line: bytes, number: int) -> tuple[str, bytes]:
    name, colon, rest = line.partition(b":")
    if not colon or not name.isascii():
        raise BadFile(f"Line {number} of the LDIF file is neither an attribute with its value nor a comment.")
    if rest.startswith(b"<"):
        raise BadFile(f"Line {number} of the LDIF file points to another file, which is not followed.")
    if not rest.startswith(b":"):
        return name.decode(), rest.lstrip(b" ")
    try:
        return name.decode(), base64.b64decode(rest[1:].strip(), validate=True)
    except binascii.Error:
        raise BadFile(f"Line {number} of the LDIF file is no valid base64.") from None
