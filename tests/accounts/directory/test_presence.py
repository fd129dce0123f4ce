"""Whether somebody may still come in without a password, on a real OpenLDAP."""

from __future__ import annotations

import pytest
from django.conf import LazySettings

from accounts import passwords
from accounts.directory import presence
from accounts.models import User
from accounts.passwords import DirectoryUnreachable
from tests.services.slapd import Slapd

pytestmark = pytest.mark.django_db
GOOD = "tall trees 7"


@pytest.fixture
def alice(directory: Slapd) -> User:
    directory.add_person("alice", cn="Alice Sample", employeeType="staff", userPassword=GOOD)
    user = passwords.owner("alice", GOOD)
    assert user is not None
    return user


@pytest.mark.row("T-74")
def test_somebody_is_there_until_the_entry_is_gone(directory: Slapd, alice: User) -> None:
    assert presence.is_there(alice)
    directory.delete(alice.directory_dn)
    assert not presence.is_there(alice)


@pytest.mark.row("T-74")
def test_a_disabled_entry_lets_nobody_in(directory: Slapd, alice: User, settings: LazySettings) -> None:
    settings.LDAP_DISABLED_WHEN = ["employeeType=left"]
    assert presence.is_there(alice)
    directory.modify(alice.directory_dn, employeeType="left")
    assert not presence.is_there(alice)


def test_an_id_with_characters_of_filters_is_nobodys(alice: User) -> None:
    alice.directory_id = "*"
    assert not presence.is_there(alice)


def test_nobody_knows_while_the_directory_is_silent(directory: Slapd, alice: User) -> None:
    directory.stop()
    with pytest.raises(DirectoryUnreachable):
        presence.is_there(alice)


def test_local_accounts_are_not_the_directorys_to_know(directory: Slapd) -> None:
    directory.stop()
    assert presence.is_there(User(username="local"))
