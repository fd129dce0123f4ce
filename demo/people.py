"""The people of the sample directory as LDIF: numbers as real directories hold them, good and bad."""

from __future__ import annotations

import base64
import csv
import uuid
from collections.abc import Iterator
from pathlib import Path

SUFFIX = "dc=example,dc=test"
PEOPLE = f"ou=people,{SUFFIX}"
READER = f"cn=reader,ou=services,{SUFFIX}"
ROOT = f"cn=root,{SUFFIX}"
SOURCE = Path(__file__).with_name("people.csv")

Entry = tuple[str, list[tuple[str, str]]]


def ldif(reader_password: str, people_password: str) -> str:
    """The whole directory: its tree, the account that reads it, and everybody with the same password."""
    return "".join(_text(entry) for entry in [*_tree(reader_password), *_people(people_password)])


def _tree(reader_password: str) -> Iterator[Entry]:
    yield SUFFIX, [("objectClass", "dcObject"), ("objectClass", "organization"), ("dc", "example"), ("o", "Example")]
    for name in ("people", "services"):
        yield f"ou={name},{SUFFIX}", [("objectClass", "organizationalUnit"), ("ou", name)]
    classes = [("objectClass", "organizationalRole"), ("objectClass", "simpleSecurityObject")]
    yield READER, [*classes, ("cn", "reader"), ("userPassword", reader_password)]


def _people(password: str) -> Iterator[Entry]:
    with SOURCE.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            yield f"uid={row['uid']},{PEOPLE}", [*_attributes(row, number), ("userPassword", password)]


def _attributes(row: dict[str, str], number: int) -> Iterator[tuple[str, str]]:
    yield "objectClass", "inetOrgPerson"
    # The identity stays the same when the sample directory is loaded anew, so that a sync knows everybody again.
    yield "entryUUID", str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{row['uid']}.example.test"))
    yield "uid", row["uid"]
    yield "cn", row["name"]
    yield "displayName", row["name"]
    yield "sn", row["name"].split()[-1]
    yield "mail", f"person{number:02d}@example.test"
    for attribute in ("mobile", "telephoneNumber"):
        yield from ((attribute, value) for value in row[attribute].split("|") if value)


def _text(entry: Entry) -> str:
    dn, attributes = entry
    return "\n".join(_line(name, value) for name, value in [("dn", dn), *attributes]) + "\n\n"


def _line(name: str, value: str) -> str:
    """Every value in base64: LDIF's rules for plain text need not be repeated here."""
    return f"{name}:: {base64.b64encode(value.encode()).decode()}"
