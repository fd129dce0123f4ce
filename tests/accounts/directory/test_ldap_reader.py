"""Reading a real OpenLDAP: trust before any secret, pages, and nothing that is not whole."""

from __future__ import annotations

import threading
from dataclasses import replace

import ldap
import pytest
from ldap.dn import dn2str, escape_dn_chars, str2dn

from accounts.directory.entries import Entry
from accounts.directory.readers import (
    BindRefused,
    DirectoryError,
    DirectoryUnavailable,
    PartialResult,
    TlsRefused,
)  # fmt: skip
from accounts.directory.readers.ldap import LdapReader, Server, errors, is_dn, is_filter
from tests.accounts.directory.ldap_stub import Page, ldap_stub
from tests.accounts.directory.places import server_for
from tests.services.servers.ports import free_port
from tests.services.slapd import Slapd


def read_all(server: Server) -> list[Entry]:
    return [
        entry for batch in LdapReader(server).batches() for seen in batch if isinstance(entry := seen.record(), Entry)
    ]


@pytest.mark.parametrize("ldaps", [False, True], ids=["StartTLS", "ldaps"])
def test_everybody_is_read_in_pages_over_verified_tls(directory: Slapd, ldaps: bool) -> None:
    directory.generate_people(10)
    batches = list(LdapReader(server_for(directory, ldaps=ldaps)).batches())
    assert [len(batch) for batch in batches] == [3, 3, 3, 1]
    entry = batches[0][0].record()
    assert isinstance(entry, Entry)
    assert entry.username == "u0000000"
    assert entry.phones == (("mobile", "+44 7400 000000"), ("telephoneNumber", "+44 20 7946 0000"))
    assert len(entry.directory_id) == 36


@pytest.mark.row("T-55c")
@pytest.mark.parametrize("ldaps", [False, True], ids=["StartTLS", "ldaps"])
def test_other_authority_is_refused(directory: Slapd, ldaps: bool) -> None:
    server = replace(server_for(directory, ldaps=ldaps), ca_file=str(directory.other_ca_file))
    with pytest.raises(TlsRefused, match="did not prove who it is"):
        read_all(server)


@pytest.mark.row("T-55c")
@pytest.mark.parametrize("fixture", ["slapd_with_wrong_name", "slapd_self_signed", "slapd_expired"])
@pytest.mark.parametrize("ldaps", [False, True], ids=["StartTLS", "ldaps"])
def test_wrong_certificate_is_refused(request: pytest.FixtureRequest, fixture: str, ldaps: bool) -> None:
    with pytest.raises(TlsRefused):
        read_all(server_for(request.getfixturevalue(fixture), ldaps=ldaps))


@pytest.mark.row("T-55c")
def test_connection_without_tls_is_refused_before_it_is_made(server: Server) -> None:
    with pytest.raises(TlsRefused, match="without TLS"):
        read_all(replace(server, start_tls=False))


@pytest.mark.row("T-55c")
def test_server_without_starttls_never_gets_the_password(server: Server) -> None:
    with ldap_stub(port=free_port()) as stub:
        with pytest.raises(TlsRefused):
            read_all(replace(server, url=stub.url))
        assert server.bind_password.encode() not in stub.received
        assert server.bind_dn.encode() not in stub.received
        assert b"1.3.6.1.4.1.1466.20037" in stub.received


def test_missing_file_of_the_authority_is_named(server: Server) -> None:
    with pytest.raises(TlsRefused, match="LDAP_CA_FILE"):
        read_all(replace(server, ca_file="/nowhere/ca.pem"))


def test_wrong_password_of_the_service_account_is_named_and_never_shown(server: Server) -> None:
    with pytest.raises(BindRefused, match="LDAP_BIND_PASSWORD") as refused:
        read_all(replace(server, bind_password="tall-trees"))
    assert "tall-trees" not in str(refused.value)
    assert "tall-trees" not in repr(replace(server, bind_password="tall-trees"))


def test_empty_password_of_the_service_account_is_refused_before_the_bind(server: Server) -> None:
    with pytest.raises(BindRefused, match="anonymous"):
        read_all(replace(server, bind_password=""))


@pytest.mark.parametrize("ldaps", [False, True], ids=["StartTLS", "ldaps"])
def test_stopped_directory_is_unavailable(directory: Slapd, ldaps: bool) -> None:
    directory.stop()
    with pytest.raises(DirectoryUnavailable, match="cannot be reached"):
        read_all(server_for(directory, ldaps=ldaps))


@pytest.mark.row("T-51")
def test_size_limit_of_the_server_makes_all_of_it_void(directory: Slapd, server: Server) -> None:
    directory.generate_people(10)
    directory.configure(size_limit=5)
    with pytest.raises(PartialResult, match="size limit"):
        read_all(server)


@pytest.mark.row("T-51")
def test_server_killed_between_two_pages_makes_all_of_it_void(directory: Slapd, server: Server) -> None:
    directory.generate_people(10)
    batches = LdapReader(server).batches()
    next(batches)
    directory.stop()
    with pytest.raises(PartialResult, match="connection was lost"):
        list(batches)


@pytest.mark.row("T-50")
def test_wrong_base_is_an_error_and_not_an_empty_directory(server: Server) -> None:
    with pytest.raises(PartialResult, match="LDAP_USER_BASE"):
        read_all(replace(server, base="ou=nowhere,dc=example,dc=test"))


@pytest.mark.row("T-51")
@pytest.mark.parametrize(("code", "words"), [
    (1, "operations error"), (3, "time limit"), (4, "size limit"), (10, "another server"), (11, "administrative limit"),
    (12, "pages"), (32, "LDAP_USER_BASE"), (50, "does not let"), (51, "busy"), (52, "out of service"),
    (53, "unwilling to perform"), (80, "error"),
])  # fmt: skip
@pytest.mark.parametrize("page", [1, 2])
def test_each_code_but_success_makes_all_of_it_void(server: Server, code: int, words: str, page: int) -> None:
    whole = [Page(["alice"], cookie=b"next")] * (page - 1)
    with ldap_stub(*whole, Page(["bob"], code=code)) as stub, pytest.raises(PartialResult, match=words):
        read_all(replace(server, url=stub.url))


@pytest.mark.row("T-51")
@pytest.mark.parametrize("page", [Page(["bob"], cut=True), Page(["bob"], cookie=None)], ids=["cut", "no cookie"])
def test_page_that_does_not_end_properly_makes_all_of_it_void(server: Server, page: Page) -> None:
    with ldap_stub(Page(["alice"], cookie=b"next"), page) as stub, pytest.raises(PartialResult):
        read_all(replace(server, url=stub.url))


@pytest.mark.row("T-51")
def test_page_that_stalls_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.directory.readers.ldap.pages.PATIENCE", 1.0)
    with ldap_stub(Page(["alice"], stall=True)) as stub, pytest.raises(PartialResult, match="stalled"):
        read_all(replace(server, url=stub.url, timeout=1))


def test_server_that_accepts_and_says_nothing_is_unavailable_in_time(server: Server) -> None:
    import socket

    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    held: list[socket.socket] = []
    threading.Thread(target=lambda: held.append(listener.accept()[0]), daemon=True).start()
    with listener, pytest.raises(DirectoryError):
        read_all(replace(server, url=f"ldap://127.0.0.1:{port}", timeout=1))
    for link in held:
        link.close()


@pytest.mark.row("T-48")
@pytest.mark.parametrize("name", ['odd,+"\\<>;=', " spaces ", "#hash", "Zoë Łukasz 张伟", "\\2c"])
def test_every_character_of_a_name_round_trips_through_a_rename(directory: Slapd, server: Server, name: str) -> None:
    dn = directory.add_person("alice")
    directory.rename(dn, f"uid={escape_dn_chars(name)}")
    [entry] = read_all(server)
    [[(attribute, value, _)], *rest] = str2dn(entry.dn)
    assert (attribute, value) == ("uid", name)
    assert dn2str(rest) == server.base


@pytest.mark.parametrize(("text", "valid"), [
    ("ou=people,dc=example", True), ("OU=A\\,B,DC=x", True), ("people", False), ("", False), ("ou=a,,", False),
])  # fmt: skip
def test_distinguished_name_is_checked_without_a_server(text: str, valid: bool) -> None:
    assert is_dn(text) is valid


@pytest.mark.parametrize(("info", "words"), [
    ("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1", "password is wrong"),
    ("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 533, v1db1", "account is disabled"),
    ("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 775, v1db1", "locked out"),
    ("80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 0, v1db1", "not right"),
    ("data tall trees 7", "not right"), (b"bytes", "not right"), (None, "not right"),
])  # fmt: skip
def test_refused_bind_is_put_into_words_of_our_own(info: object, words: str) -> None:
    said = errors.why_refused(ldap.INVALID_CREDENTIALS({"desc": "Invalid credentials", "info": info}))
    assert words in said
    assert "tall" not in said
    assert errors.why_refused(ldap.INVALID_CREDENTIALS()) == "name or password is not right"


@pytest.mark.parametrize(("text", "valid"), [
    ("(objectClass=person)", True), ("(&(a=b)(!(c=d)))", True), ("(a=b", False), ("a=b", False), ("(&(a=b)(c))", False),
])  # fmt: skip
def test_filter_is_checked_without_a_server(text: str, valid: bool) -> None:
    assert is_filter(text) is valid
