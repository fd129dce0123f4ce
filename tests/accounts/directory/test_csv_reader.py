"""A table as a directory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from accounts import memberships
from accounts.checks import sources
from accounts.directory import configuration
from accounts.directory.entries import Entry, Record
from accounts.directory.readers import BadFile
from accounts.directory.readers.csv import CsvReader
from accounts.directory.readers.ldap import LdapReader
from accounts.directory.readers.ldif import LdifReader
from accounts.directory.readers.profiles import ACTIVE_DIRECTORY, Profile
from accounts.models import SyncRun, User
from tests.accounts.directory.places import people_checksum, run

HEAD = "id,username,name,mail,mobile,telephone,country,enabled\n"


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "people.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def records(path: Path, **options: Profile) -> list[Record]:
    return [one.record() for batch in CsvReader(path, **options).batches() for one in batch]


def entries(folder: Path, text: str | bytes, **options: Profile) -> list[Entry]:
    return [one for one in records(written(folder, text), **options) if isinstance(one, Entry)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(("start", "end"), [("", "\n"), ("\ufeff", "\r\n")])
def test_every_common_notation_of_a_table_is_read(tmp_path: Path, separator: str, start: str, end: str) -> None:
    text = HEAD + 'A1,Alice,"Sample, Alice; ""Ali""\tS.",alice@example.test,0170 1|0170 2,030 3,DE,yes\n\n,,,,,,,\n'
    lines = text.split("\n")
    quoted = lines[1].replace('"Sample, Alice; ""Ali""\tS."', "NAME").replace(",", separator)
    lines[0], lines[3] = lines[0].replace(",", separator), lines[3].replace(",", separator)
    lines[1] = quoted.replace("NAME", '"Sample, Alice; ""Ali""\tS."')
    [alice] = entries(tmp_path, start + end.join(lines))
    assert (alice.directory_id, alice.username, alice.name, alice.email, alice.region, alice.enabled) == (
        "a1", "alice", 'Sample, Alice; "Ali" S.', "alice@example.test", "DE", True,
    )  # fmt: skip
    assert alice.phones == (("mobile", "0170 1"), ("mobile", "0170 2"), ("telephone", "030 3"))


def test_columns_may_be_called_as_the_attributes_are_and_others_are_passed_over(tmp_path: Path) -> None:
    text = "cost centre,ENTRYUUID,uid,displayName,cn,telephoneNumber,cost centre\n7,a1,alice,,Alice,030 3,8\n"
    [alice] = entries(tmp_path, text)
    assert (alice.username, alice.name, alice.phones) == ("alice", "Alice", (("telephoneNumber", "030 3"),))


def test_ids_of_active_directory_are_text_and_its_bits_count_where_they_are_there(tmp_path: Path) -> None:
    head, row = "objectGUID,sAMAccountName", "6b2e9c3a-0000-4000-8000-00000000000a,alice"
    [alice] = entries(tmp_path, f"{head}\n{row}\n", profile=ACTIVE_DIRECTORY)
    assert (alice.directory_id, alice.enabled) == ("6b2e9c3a-0000-4000-8000-00000000000a", True)
    [alice] = entries(tmp_path, f"{head},userAccountControl\n{row},514\n", profile=ACTIVE_DIRECTORY)
    assert not alice.enabled


@pytest.mark.parametrize(
    ("word", "enabled"), [("", True), ("TRUE", True), ("1", True), ("no", False), ("False", False)]
)
def test_whoever_is_not_enabled_may_not_sign_in(tmp_path: Path, word: str, enabled: bool) -> None:
    [alice] = entries(tmp_path, f"id,username,enabled\na1,alice,{word}\n")
    assert alice.enabled is enabled


@pytest.mark.parametrize(("text", "words"), [
    ("", "Line 1 .* must name the columns, with id .*entryUUID.* and username .*uid"),
    ("a1,alice\n", "Line 1 .* must name the columns"),
    ("username,mobile\nalice,1\n", "Line 1 .* must name the columns"),
    ("id|username\na1|alice\n", "Line 1 .* must name the columns"),
    ("id,entryUUID,username\na1,a1,alice\n", "two columns for id"),
    ("id,username,Mobile,mobile\na1,alice,1,2\n", "two columns for mobile"),
    ("id,username\na1,alice\na2\n", "Line 3 .* has 1 cells, its head has 2"),
    ("id,username\na1,alice,extra\n", "Line 2 .* has 3 cells"),
    ('id,username\na1,"alice\n', "Line 2 .* quotation marks"),
    ('id,username\na1,"al"ice\n', "Line 2 .* quotation marks"),
    ("id,username,enabled\na1,alice,perhaps\n", "Line 2 .* neither yes nor no"),
    (b"id,username\na1,z\xf6e\n", "Line 2 .* not in UTF-8"),
    ("id,username\na1,alice\n".encode("utf-16"), "Line 1 .* (not in UTF-8|no text)"),
    ("id,username\na1,al\0ice\n", "Line 2 .* no text"),
    ("id,username\na1," + "x" * 100_001, "Line 2 .* too long"),
    ("id,username\ra1,alice\r", "Line 1"),
])  # fmt: skip
def test_a_file_that_is_not_whole_counts_for_nothing_and_says_where(
    tmp_path: Path, text: str | bytes, words: str
) -> None:
    with pytest.raises(BadFile, match=words):
        records(written(tmp_path, text))


def test_rows_without_id_or_name_are_reported_and_keep_nobody_else(tmp_path: Path) -> None:
    found = records(written(tmp_path, "id,username\n,alice\na2,\na3,carol\n"))
    assert [(one.directory_id, one.dn) for one in found] == [("", "line 2"), ("a2", "id a2"), ("a3", "id a3")]


def test_a_file_that_is_written_to_while_it_is_read_counts_for_nothing(tmp_path: Path) -> None:
    rows = "".join(f"a{n},person{n}\n" for n in range(5000))
    path = written(tmp_path, "id,username\n" + rows)
    batches = CsvReader(path).batches()
    next(batches)
    with path.open("a") as file:
        file.write("a9999,late\n")
    with pytest.raises(BadFile, match="written to while it was read"):
        list(batches)


def test_a_file_that_is_put_in_its_place_is_left_for_the_next_run(tmp_path: Path) -> None:
    path = written(tmp_path, "id,username\na1,alice\n")
    batches = CsvReader(path).batches()
    assert len(next(batches)) == 1
    other = tmp_path / "next.csv"
    other.write_text("id,username\nb1,bob\nb2,bill\n")
    other.rename(path)
    assert list(batches) == []


@pytest.mark.parametrize("kind", ["folder", "pipe"])
@pytest.mark.parametrize("reader", [CsvReader, LdifReader])
def test_what_is_no_plain_file_is_refused_at_once(
    tmp_path: Path, kind: str, reader: type[CsvReader] | type[LdifReader]
) -> None:
    path = tmp_path / "people.csv"
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(BadFile, match=r"people\.csv (is no plain file|cannot be read)"):
        list(reader(path).batches())


def test_an_ldif_of_changes_is_no_directory(tmp_path: Path) -> None:
    path = tmp_path / "changes.ldif"
    path.write_text("dn: uid=alice\nchangetype: delete\n")
    with pytest.raises(BadFile, match="Line 2 of the LDIF file is about a change"):
        list(LdifReader(path).batches())


@pytest.mark.django_db
def test_the_file_of_the_setting_is_what_runs_read(tmp_path: Path, settings: LazySettings) -> None:
    path = written(tmp_path, HEAD + "a1,alice,,,0170 1234567,,,\na2,bob,,,,,,\n")
    settings.DIRECTORY_FILE = str(path)
    assert configuration.configured()
    assert not configuration.knows_passwords()
    run()
    assert dict(User.objects.values_list("username", "phone")) == {"alice": "+491701234567", "bob": ""}
    path.write_text(HEAD + "a1,alice,,,0170 1234567,,,\na3,half")
    before = people_checksum()
    failed = run()
    assert (failed.state, people_checksum()) == (SyncRun.State.FAILED, before)
    assert failed.message == "Line 3 of the CSV file has 2 cells, its head has 8. Nothing was changed."
    path.write_text(HEAD)
    assert run().state == SyncRun.State.STOPPED
    path.unlink()
    assert run().message == "The file people.csv cannot be read. Nothing was changed."
    assert people_checksum() == before


@pytest.mark.django_db
def test_a_table_can_be_named_at_the_shell(tmp_path: Path) -> None:
    call_command("sync_directory", csv=written(tmp_path, "id,username\na1,alice\n"))
    assert User.objects.get().directory_id == "a1"


@pytest.mark.parametrize(("wrong", "number"), [
    ({"DIRECTORY_FILE": "people.csv", "LDAP_URL": "ldaps://x"}, "accounts.E020"),
    ({"DIRECTORY_FILE": "people.xlsx"}, "accounts.E021"),
    ({"LDAP_GROUPS": (memberships.Rule("helpdesk", "cn=helpdesk"),)}, "accounts.E022"),
    ({"LDAP_URL": "ldaps://x", "LDAP_GROUPS": (memberships.Rule("helpdesk", "cn=a,=b"),)}, "accounts.E023"),
])  # fmt: skip
def test_sources_that_contradict_each_other_are_named_at_the_start(
    settings: LazySettings, wrong: dict[str, object], number: str
) -> None:
    for name, value in wrong.items():
        setattr(settings, name, value)
    assert [error.id for error in sources(None)] == [number]


def test_the_ending_says_how_a_file_is_read(settings: LazySettings, tmp_path: Path) -> None:
    assert isinstance(configuration.reader(), LdapReader)
    for name, kind in (("people.CSV", CsvReader), ("people.ldif", LdifReader)):
        settings.DIRECTORY_FILE = str(tmp_path / name)
        assert isinstance(configuration.reader(), kind)
