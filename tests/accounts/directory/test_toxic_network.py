"""A network between portal and directory that fails anywhere in a run, and a directory that ends it by any code:
nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.conf import LazySettings

from accounts.directory.readers.ldap import LdapReader, Server
from accounts.models import SyncRun, User
from tests.accounts.directory.ldap_stub import Page, ldap_stub
from tests.accounts.directory.places import people_checksum, run
from tests.services.servers.toxic import End, Toxic, toxic_network
from tests.services.slapd import Slapd

pytestmark = [pytest.mark.django_db, pytest.mark.row("T-51", "F-02")]
MODES = (SyncRun.Mode.FULL, SyncRun.Mode.INCREMENTAL)
PEOPLE = 12


@pytest.fixture
def company(directory: Slapd, settings: LazySettings) -> Iterator[tuple[Slapd, Toxic]]:
    """A directory that a run has read, behind a network."""
    for number in range(PEOPLE):
        directory.add_person(f"p{number}", mobile=f"0170 10000{number:02}")
    with toxic_network(int(directory.url.rpartition(":")[2])) as network:
        settings.LDAP_URL = f"ldap://127.0.0.1:{network.port}"
        assert run().counts["created"] == PEOPLE
        yield directory, network


def whole_length(network: Toxic, mode: SyncRun.Mode) -> int:
    """Bytes that the directory says in a run that comes to its end and changes nobody."""
    network.poison(None)
    assert run(mode=mode, dry_run=True).state == SyncRun.State.DONE
    return network.answered


def fails_and_changes_nobody(mode: SyncRun.Mode) -> SyncRun:
    before = people_checksum()
    failed = run(mode=mode)
    assert (failed.state, people_checksum()) == (SyncRun.State.FAILED, before), failed.message
    assert "Nothing was changed." in failed.message
    return failed


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("end", [End.CUT, End.RESET])
def test_an_answer_that_ends_after_any_number_of_bytes_changes_nobody(
    company: tuple[Slapd, Toxic], mode: SyncRun.Mode, end: End
) -> None:
    directory, network = company
    for number in range(5):
        directory.modify(f"uid=p{number},{directory.base}", mobile="0170 2222222")
    directory.delete(f"uid=p11,{directory.base}")
    whole = whole_length(network, mode)
    for part in (0, 0.2, 0.4, 0.6, 0.8, 0.97):
        network.poison(int(whole * part), end)
        fails_and_changes_nobody(mode)
    network.poison(None)
    done = run(mode=mode)
    assert (done.state, done.counts["updated"], done.counts["deactivated"]) == ("done", 5, 1)


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_that_stalls_is_given_up_and_changes_nobody(
    company: tuple[Slapd, Toxic], mode: SyncRun.Mode, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, network = company
    directory.modify(f"uid=p1,{directory.base}", mobile="0170 2222222")
    whole = whole_length(network, mode)
    monkeypatch.setattr("accounts.directory.readers.ldap.pages.PATIENCE", 1.0)
    settings.LDAP_TIMEOUT = 1
    network.poison(int(whole * 0.7), End.STALL)
    fails_and_changes_nobody(mode)


@pytest.mark.parametrize("code", [1, 3, 4, 10, 11, 51, 52, 53])
def test_an_answer_that_ends_by_any_code_but_success_changes_nobody(server: Server, code: int) -> None:
    """A page with somebody new and nobody else, so that whatever were believed of it would be seen."""
    pages = [Page(["alice"], cookie=b"next"), Page(["bob"])]
    with ldap_stub(*pages) as stub:
        assert run(LdapReader(replace(server, url=stub.url))).counts["created"] == 2
    before = people_checksum()
    with ldap_stub(Page(["carol"], cookie=b"next"), Page(["alice"], code=code)) as stub:
        failed = run(LdapReader(replace(server, url=stub.url)))
    assert (failed.state, people_checksum()) == (SyncRun.State.FAILED, before)
    assert set(User.objects.values_list("username", "is_active")) == {("alice", True), ("bob", True)}
