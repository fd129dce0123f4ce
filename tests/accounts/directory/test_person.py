"""The filter that finds one entry by the id that the portal keeps."""

from __future__ import annotations

import pytest

from accounts.directory.readers.ldap.person import by_id
from accounts.directory.readers.profiles import ACTIVE_DIRECTORY, OPENLDAP


@pytest.mark.row("T-47")
def test_whatever_an_id_holds_stays_within_its_condition() -> None:
    assert by_id(OPENLDAP, "*)(uid=*") == r"(entryUUID=\2a\29\28uid=\2a)"
    guid = by_id(ACTIVE_DIRECTORY, "00000001-0000-4000-8000-0000000000ff")
    assert guid == r"(objectGUID=\01\00\00\00\00\00\00\40\80\00\00\00\00\00\00\ff)"


@pytest.mark.parametrize("directory_id", ["e4711", "*)(objectGUID=*", ""])
def test_id_of_another_directory_finds_nobody_and_ends_no_run(directory_id: str) -> None:
    assert by_id(ACTIVE_DIRECTORY, directory_id) == "(objectGUID=" + r"\00" * 16 + ")"
