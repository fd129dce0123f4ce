"""Each kind of directory by its sample entries: ids, names, who is disabled, where a number's country comes from."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from uuid import UUID

import pytest

from accounts.directory.entries import Entry, Flaw, Record, Unreadable
from accounts.directory.readers.ldif import LdifReader
from accounts.directory.readers.profiles import ACTIVE_DIRECTORY, DIRECTORY_389, OPENLDAP, Profile, is_attribute, locks
from accounts.directory.readers.records import Raw, read
from tests.accounts.directory.places import ldif_file

GUID = "6f0a2c1e-93d4-4b7a-8e05-1a2b3c4d5e6f"

SAMPLE_389 = """\
dn: uid=alice,ou=people,dc=example,dc=test
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: inetOrgPerson
uid: Alice
cn: Alice Sample
sn: Sample
mail: alice@example.test
mobile: 0170 1234567
c: DE
nsUniqueId: 66446001-1dd211b2-8f5ff4ba-01e50000

dn: uid=bob,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: B
nsAccountLock: TRUE
nsuniqueid: 66446002-1dd211b2-8f5ff4ba-01e50000

dn: uid=carol,ou=people,dc=example,dc=test
objectClass: inetOrgPerson
uid: carol
cn: Carol
sn: C
nsAccountLock: false
nsUniqueId: 66446003-1dd211b2-8f5ff4ba-01e50000
"""

SAMPLE_AD = f"""\
dn: CN=Alice,OU=people,DC=example,DC=test
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
objectGUID:: {b64encode(UUID(GUID).bytes_le).decode()}
sAMAccountName: Alice
userAccountControl: 512

dn: CN=PC1,OU=people,DC=example,DC=test
objectClass: top
objectClass: person
objectClass: organizationalPerson
objectClass: user
objectClass: computer
objectGUID:: {b64encode(bytes(16)).decode()}
sAMAccountName: PC1$
userAccountControl: 4096
"""


def in_file(folder: Path, text: str, profile: Profile) -> list[Record]:
    reader = LdifReader(ldif_file(folder, text), profile=profile)
    return [seen.record() for batch in reader.batches() for seen in batch]


def user(**values: str | bytes | None) -> Record:
    """One user of Active Directory; None leaves an attribute out."""
    merged: dict[str, str | bytes | None] = {
        "objectGUID": UUID(GUID).bytes_le, "sAMAccountName": "alice", "cn": "Alice", "userAccountControl": "512",
        **values,
    }  # fmt: skip
    raw: Raw = {
        name: [value.encode() if isinstance(value, str) else value]
        for name, value in merged.items()
        if value is not None
    }
    return read("CN=Alice,DC=example,DC=test", raw, ACTIVE_DIRECTORY)


def test_389_directory_has_its_own_id_and_its_own_lock(tmp_path: Path) -> None:
    alice, bob, carol = in_file(tmp_path, SAMPLE_389, DIRECTORY_389)
    assert isinstance(alice, Entry)
    assert (alice.directory_id, alice.username, alice.name, alice.region, alice.enabled) == (
        "66446001-1dd211b2-8f5ff4ba-01e50000", "alice", "Alice Sample", "DE", True,
    )  # fmt: skip
    assert isinstance(bob, Entry)
    assert isinstance(carol, Entry)
    assert (bob.enabled, carol.enabled) == (False, True)


def test_389_directory_read_as_openldap_lets_no_locked_people_in(tmp_path: Path) -> None:
    text = SAMPLE_389.replace("nsUniqueId", "entryUUID").replace("nsuniqueid", "entryUUID")
    assert [entry.enabled for entry in in_file(tmp_path, text, OPENLDAP) if isinstance(entry, Entry)] == [
        True, False, True,
    ]  # fmt: skip


def test_export_of_active_directory_has_people_and_no_computers(tmp_path: Path) -> None:
    [alice] = in_file(tmp_path, SAMPLE_AD, ACTIVE_DIRECTORY)
    assert isinstance(alice, Entry)
    assert (alice.directory_id, alice.username, alice.enabled) == (GUID, "alice", True)


def test_binary_id_is_shown_as_microsofts_tools_show_it() -> None:
    record = read("CN=a", {"objectGUID": [bytes(range(16))], "sAMAccountName": [b"a"]}, ACTIVE_DIRECTORY)
    assert record.directory_id == "03020100-0504-0706-0809-0a0b0c0d0e0f"


@pytest.mark.parametrize("value", [b"", b"short", bytes(17), GUID.encode(), None])
def test_anything_but_sixteen_bytes_is_no_id(value: bytes | None) -> None:
    record = user(objectGUID=value)
    assert isinstance(record, Unreadable)
    assert (record.problem.reason, record.problem.attribute) == (Flaw.NO_ID, "objectGUID")


@pytest.mark.parametrize(("control", "enabled"), [
    ("512", True), ("514", False), ("66048", True), ("66050", False), ("2", False), ("528", True), ("8389120", True),
    ("-2147483646", False),
])  # fmt: skip
def test_disabled_is_the_bit_of_that_name_and_a_lockout_is_not(control: str, enabled: bool) -> None:
    record = user(userAccountControl=control, lockoutTime="134397798994477480")
    assert isinstance(record, Entry)
    assert record.enabled is enabled


@pytest.mark.parametrize("control", [None, "", "on", "0x202", "512 ", "٥١٢", "9" * 40, b"\xff"])
def test_state_that_cannot_be_read_makes_the_entry_unusable_and_is_reported(control: str | bytes | None) -> None:
    record = user(userAccountControl=control)
    assert isinstance(record, Unreadable)
    assert (record.username, record.problem.reason, record.problem.attribute) == (
        "alice", Flaw.NO_STATE, "userAccountControl",
    )  # fmt: skip


@pytest.mark.parametrize(("values", "region"), [
    ({"c": "DE", "co": "France", "countryCode": "250"}, "DE"), ({"co": "Germany", "countryCode": "0"}, "Germany"),
    ({"countryCode": "276"}, "276"), ({"countryCode": "0"}, ""), ({}, ""),
])  # fmt: skip
def test_country_is_what_any_of_three_attributes_says(values: dict[str, str | bytes | None], region: str) -> None:
    record = user(**values)
    assert isinstance(record, Entry)
    assert record.region == region


def test_values_under_an_option_follow_those_under_none() -> None:
    raw: Raw = {
        "entryUUID": [b"1"], "uid": [b"alice"], "mobile;lang-de": [b"2", b"3"], "Mobile": [b"1"],
        "cn;lang-de": [b"Alicia"], "telephoneNumber;range=0-1": [b"4"], "telephoneNumber": [],
    }  # fmt: skip
    record = read("uid=alice", raw, OPENLDAP)
    assert isinstance(record, Entry)
    assert [value for _, value in record.phones] == ["1", "2", "3", "4"]
    assert record.name == "Alicia"
    assert read("uid=alice", raw | {"mobile;lang-de": [b"2"]}, OPENLDAP).fingerprint != record.fingerprint  # type: ignore[union-attr]


def test_given_names_replace_those_of_the_profile_and_nothing_else() -> None:
    named = ACTIVE_DIRECTORY.with_names(
        id="", username="userPrincipalName", name=[], mail="", phones=["otherMobile"], region=[],
        disabled_when=["employeeType=Left", "userAccountControl&16"],
    )  # fmt: skip
    assert (named.id, named.username, named.phones, named.name) == (
        "objectGUID", "userPrincipalName", ("otherMobile",), ACTIVE_DIRECTORY.name,
    )  # fmt: skip
    assert (named.locked, named.locked_bits) == ((("employeeType", "left"),), (("userAccountControl", 16),))
    assert {"employeeType", "userAccountControl"} <= set(named.attributes)
    assert ACTIVE_DIRECTORY.with_names(disabled_when=[]) == ACTIVE_DIRECTORY


def test_either_condition_disables_even_where_the_other_cannot_be_read() -> None:
    both = ACTIVE_DIRECTORY.with_names(disabled_when=["employeeType=left", "userAccountControl&2"])
    assert both.lets_in({"employeetype": [b"LEFT"]}) is False
    assert both.lets_in({"employeetype": [b"staff"]}) is None
    assert both.lets_in({"useraccountcontrol": [b"512", b"512"]}) is None
    assert both.lets_in({"useraccountcontrol": [b"512"]}) is True


@pytest.mark.parametrize(("name", "valid"), [
    ("mobile", True), ("x-Phone2", True), ("2.5.4.20", True), ("", False), ("mobile;lang-de", False), ("a b", False),
    ("uid)(a=*", False), ("1a", False), ("móbile", False), ("*", False),
])  # fmt: skip
def test_names_of_attributes_are_checked(name: str, valid: bool) -> None:
    assert is_attribute(name) is valid


@pytest.mark.parametrize("text", ["nsAccountLock", "=true", "a&", "a&0", "a&-2", "a b=c", "(a)=b"])
def test_condition_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="condition"):
        locks([text])
