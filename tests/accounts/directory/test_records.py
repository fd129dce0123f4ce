"""From raw attributes to entries: what a directory may send, and what becomes of it."""

from __future__ import annotations

import pytest

from accounts.directory.entries import Entry, Flaw, Record, Unreadable
from accounts.directory.readers.profiles import OPENLDAP, Profile
from accounts.directory.readers.records import Raw, read
from tests.accounts.directory import samples
from tests.accounts.directory.samples import ALICE, BOB, plan_of

DN = "uid=alice,ou=people,dc=example,dc=test"
ID = "0B4F1CD2-0000-4000-8000-00000000000A"


def raw(**values: object) -> Raw:
    merged = {"entryUUID": ID, "uid": "alice", "cn": "Alice Sample", "mail": "alice@example.test", **values}
    return {name: _values(value) for name, value in merged.items() if value is not None}


def _values(value: object) -> list[bytes]:
    several = value if isinstance(value, list) else [value]
    return [one if isinstance(one, bytes) else str(one).encode() for one in several]


def entry(**values: object) -> Entry:
    record = read(DN, raw(**values), OPENLDAP)
    assert isinstance(record, Entry)
    return record


def flaw(record: Record) -> str:
    assert isinstance(record, Unreadable)
    return record.problem.reason


def test_plain_entry() -> None:
    found = entry(mobile=["1", "2"], telephoneNumber="3", c="DE")
    assert (found.directory_id, found.username, found.name, found.email) == (
        ID.lower(), "alice", "Alice Sample", "alice@example.test",
    )  # fmt: skip
    assert found.phones == (("mobile", "1"), ("mobile", "2"), ("telephoneNumber", "3"))
    assert (found.region, found.enabled, found.dn, found.problems) == ("DE", True, DN, ())


def test_names_of_attributes_know_no_case() -> None:
    record = read(DN, {"ENTRYUUID": [ID.encode()], "UID": [b"Alice"], "Mobile": [b"1"]}, OPENLDAP)
    assert isinstance(record, Entry)
    assert (record.username, record.phones) == ("alice", (("mobile", "1"),))


@pytest.mark.row("T-47")
@pytest.mark.parametrize(("values", "expected"), [
    ({"entryUUID": None}, Flaw.NO_ID),
    ({"entryUUID": ""}, Flaw.NO_ID),
    ({"entryUUID": b"\xff\xfe"}, Flaw.NO_ID),
    ({"entryUUID": "x" * 65}, Flaw.NO_ID),
    ({"entryUUID": "a' OR 1=1"}, Flaw.NO_ID),
    ({"uid": None}, Flaw.NO_USERNAME),
    ({"uid": "\u200b"}, Flaw.NO_USERNAME),
    ({"uid": ["alice", "alicia"]}, Flaw.SEVERAL_USERNAMES),
    ({"uid": b"\xff"}, Flaw.NOT_TEXT),
    ({"uid": "x" * 151}, Flaw.USERNAME_TOO_LONG),
    ({"uid": "ali\u200bce"}, Flaw.HIDDEN_IN_USERNAME),
])  # fmt: skip
def test_entry_that_names_nobody_for_sure_is_reported(values: dict[str, object], expected: Flaw) -> None:
    assert flaw(read(DN, raw(**values), OPENLDAP)) == expected


def test_unreadable_entry_still_says_whose_it_may_be() -> None:
    record = read(DN, raw(entryUUID=None), OPENLDAP)
    assert (record.username, record.dn, record.directory_id) == ("alice", DN, "")


@pytest.mark.row("T-11b")
@pytest.mark.row("T-54")
def test_an_entry_whose_name_only_looks_like_anothers_neither_takes_it_nor_stands_for_its_owner() -> None:
    twin = read("uid=twin,dc=example,dc=test", raw(entryUUID=BOB, uid="ali\u200bce"), OPENLDAP)
    plan = plan_of([samples.entry(ALICE, "alice"), twin])
    assert [change.new.username for change in plan.create] == ["alice"]
    assert [(problem.reason, problem.value) for problem in plan.problems] == [
        (Flaw.HIDDEN_IN_USERNAME, "ali\N{REPLACEMENT CHARACTER}ce")
    ]
    (leaver,) = plan_of([twin], [samples.person(1, ALICE, "alice")]).changes
    assert (leaver.old.username, leaver.new.is_active) == ("alice", False)


@pytest.mark.parametrize(("values", "name"), [
    ({"displayName": "Al"}, "Al"),
    ({"displayName": "  "}, "Alice Sample"),
    ({"cn": "Alice\r\nBcc: all@example.org"}, "Alice Bcc: all@example.org"),
    ({"cn": "A\u202elice\x00"}, "Alice"),
    ({"cn": "x" * 10_000}, "x" * 200),
    ({"cn": None}, ""),
    ({"cn": b"\xff"}, None),
    ({"cn": ["First", "Second"]}, "First"),
])  # fmt: skip
def test_name_is_one_harmless_line(values: dict[str, object], name: str | None) -> None:
    assert entry(**values).name == name


@pytest.mark.parametrize(("mail", "address", "problems"), [
    (["junk", "a@b.test"], "a@b.test", 1),
    ("a@b.test\r\nBcc: all@example.org", None, 1),
    (b"\xff@b.test", None, 1),
    ("x" * 250 + "@b.test", None, 1),
    (None, "", 0),
    ("a b@c.test", None, 1),
    (" a@b.test ", "a@b.test", 0),
])  # fmt: skip
def test_first_usable_address_counts(mail: object, address: str | None, problems: int) -> None:
    found = entry(mail=mail)
    assert found.email == address
    assert [problem.reason for problem in found.problems] == [Flaw.NOT_AN_ADDRESS] * problems


@pytest.mark.parametrize("values", [
    {"pwdAccountLockedTime": "000001010000Z"}, {"nsAccountLock": "TRUE"}, {"nsAccountLock": "true"},
])  # fmt: skip
def test_locked_entry_is_not_enabled(values: dict[str, object]) -> None:
    assert not entry(**values).enabled
    assert entry(nsAccountLock="false", pwdAccountLockedTime="20260101000000Z").enabled


def test_bytes_that_are_no_text_never_become_a_number() -> None:
    [(attribute, value)] = entry(mobile=b"+49170\xff1234567").phones
    assert attribute == "mobile"
    assert "\N{REPLACEMENT CHARACTER}" in value


@pytest.mark.parametrize("change", [
    {"mobile": "2"}, {"mobile": ["1", "2"]}, {"telephoneNumber": "1", "mobile": None}, {"uid": "bob"}, {"cn": "B"},
    {"mail": None}, {"c": "DE"}, {"nsAccountLock": "true"}, {"mobile": b"1\xff"},
])  # fmt: skip
def test_fingerprint_moves_with_every_value(change: dict[str, object]) -> None:
    assert entry(mobile="1").fingerprint == entry(mobile="1").fingerprint
    assert entry(**{"mobile": "1", **change}).fingerprint != entry(mobile="1").fingerprint


def test_fingerprint_moves_with_the_dn_and_not_with_what_is_not_used() -> None:
    moved = read("uid=alice,ou=other", raw(mobile="1"), OPENLDAP)
    assert isinstance(moved, Entry)
    assert moved.fingerprint != entry(mobile="1").fingerprint
    assert entry(mobile="1", description="x").fingerprint == entry(mobile="1").fingerprint


def test_name_of_the_user_name_attribute_is_a_setting() -> None:
    record = read(DN, raw(uid=None, sAMAccountName="ALICE"), Profile(username="sAMAccountName"))
    assert record.username == "alice"
