"""A file as a directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from accounts.directory.entries import Entry
from accounts.directory.readers import BadFile
from accounts.directory.readers.ldif import LdifReader
from tests.services.servers.people import entry as ldif_entry, person
from tests.services.slapd import Slapd


def read_all(folder: Path, text: str | bytes, **options: object) -> list[Entry]:
    path = folder / "people.ldif"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = [one.record() for batch in LdifReader(path, **options).batches() for one in batch]  # type: ignore[arg-type]
    return [one for one in found if isinstance(one, Entry)]


def test_people_are_read_and_others_left_out(tmp_path: Path) -> None:
    text = "version: 1\n\n# people\n" + person("alice", {"entryUUID": "a1", "mobile": ["1", "2"], "cn": "Zoë"})
    text += ldif_entry("ou=people", {"objectClass": "organizationalUnit", "ou": "people"})
    [alice] = read_all(tmp_path, text)
    assert (alice.username, alice.name, [value for _, value in alice.phones]) == ("alice", "Zoë", ["1", "2"])


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_folded_lines_base64_and_missing_last_line_end(tmp_path: Path, end: str) -> None:
    lines = [
        "dn: uid=alice",
        "objectClass: inetOrg",
        " Person",
        "uid:: YWxpY2U=",
        "entryUUID: a1",
        "# a",
        "  b",
        "cn:  A",
    ]
    [alice] = read_all(tmp_path, end.join(lines))
    assert (alice.username, alice.name, alice.dn) == ("alice", "A", "uid=alice")


@pytest.mark.parametrize("text", [
    "uid: alice\n", "dn: uid=alice\njunk\n", "dn: uid=alice\nuid:: %%%\n", "dn: uid=alice\nuid:< file:///etc/passwd\n",
    b"dn: uid=alice\n\xff\xfe: x\n", "dn: uid=a\ncn: " + "\n ".join(["x" * 1000] * 1100),
])  # fmt: skip
def test_file_that_is_no_ldif_counts_for_nothing(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(BadFile, match=r"Line [0-9]+ of the LDIF file"):
        read_all(tmp_path, text)


def test_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"^The file gone\.ldif cannot be read\.$"):
        list(LdifReader(tmp_path / "gone.ldif").batches())


def test_export_of_a_real_directory_reads_as_the_directory_does(directory: Slapd, tmp_path: Path) -> None:
    from accounts.directory.readers.ldap import LdapReader
    from tests.accounts.directory.places import server_for

    directory.generate_people(5)
    directory.add_person("zoe", cn="Zoë Ångström", mobile=["1", "2"])
    found = directory.search(attributes=["*", "entryUUID"])
    text = "".join(ldif_entry(dn, values) for dn, values in found)
    live = [one.record() for batch in LdapReader(server_for(directory)).batches() for one in batch]
    assert read_all(tmp_path, text) == live
