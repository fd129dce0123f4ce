"""The test directory behaves as a company's: rights, TLS, limits, changes, crowds."""

from __future__ import annotations

from pathlib import Path

import ldap
import pytest
from ldap.controls.libldap import SimplePagedResultsControl

from tests.services.servers.people import person
from tests.services.slapd import Slapd


@pytest.fixture(autouse=True)
def _empty_directory(slapd: Slapd) -> None:
    slapd.reset()


@pytest.mark.parametrize("kind", ["StartTLS", "ldaps"])
def test_service_account_reads_people_over_verified_tls(slapd: Slapd, kind: str) -> None:
    slapd.add_person("alice", mobile="+44 7400 123456", userPassword="tall trees")
    found = _reader(slapd, slapd.ca_file, kind).search_s(slapd.base, ldap.SCOPE_ONELEVEL)
    assert [attributes["mobile"] for _, attributes in found] == [[b"+44 7400 123456"]]
    assert "userPassword" not in found[0][1]


@pytest.mark.parametrize("kind", ["StartTLS", "ldaps"])
def test_another_authority_is_refused(slapd: Slapd, kind: str) -> None:
    with pytest.raises((ldap.CONNECT_ERROR, ldap.SERVER_DOWN)):
        _reader(slapd, slapd.other_ca_file, kind)


@pytest.mark.parametrize("fixture", ["slapd_with_wrong_name", "slapd_self_signed", "slapd_expired"])
@pytest.mark.parametrize("kind", ["StartTLS", "ldaps"])
def test_wrong_certificates_are_refused(request: pytest.FixtureRequest, fixture: str, kind: str) -> None:
    server: Slapd = request.getfixturevalue(fixture)
    with pytest.raises((ldap.CONNECT_ERROR, ldap.SERVER_DOWN)):
        _reader(server, server.ca_file, kind)
    server.reset()
    server.add_person("alice")
    assert len(server.search()) == 1


def test_anonymous_sees_nothing(slapd: Slapd) -> None:
    slapd.add_person("alice")
    link = ldap.initialize(slapd.url)
    with pytest.raises(ldap.NO_SUCH_OBJECT):
        link.search_s(slapd.base, ldap.SCOPE_SUBTREE)
    link.unbind_s()


def test_person_binds_with_the_right_password_only(slapd: Slapd) -> None:
    dn = slapd.add_person("alice", userPassword="tall trees")
    with slapd.connection(dn, "tall trees") as link:
        assert link.whoami_s() == f"dn:{dn}"
    with pytest.raises(ldap.INVALID_CREDENTIALS), slapd.connection(dn, "small trees"):
        pass


def test_service_account_reads_the_state_that_a_syncrepl_client_compares(slapd: Slapd) -> None:
    slapd.add_person("alice")
    with slapd.connection(slapd.bind_dn, slapd.password) as link:
        [(_, attributes)] = link.search_s(slapd.suffix, ldap.SCOPE_BASE, attrlist=["contextCSN"])
    assert attributes["contextCSN"]


def test_service_account_changes_nothing(slapd: Slapd) -> None:
    dn = slapd.add_person("alice")
    with slapd.connection(slapd.bind_dn, slapd.password) as link, pytest.raises(ldap.INSUFFICIENT_ACCESS):
        link.modify_s(dn, [(ldap.MOD_REPLACE, "mobile", [b"1"])])


def test_people_are_added_changed_renamed_and_deleted(slapd: Slapd) -> None:
    slapd.load(person("bob", {"cn": "Zoë", "mobile": ["1", "2"]}) + person("carol", {"description": " led by a space"}))
    dn = f"uid=bob,{slapd.base}"
    slapd.modify(dn, mobile=["3"], sn="Bobson", description=None)
    slapd.rename(dn, "uid=robert")
    slapd.delete(f"uid=carol,{slapd.base}")
    slapd.add(f"cn=admins,{slapd.base}", {"objectClass": "groupOfNames", "cn": "admins", "member": [dn]})
    [(name, attributes)] = slapd.search(attributes=["mobile", "sn", "cn", "entryUUID"])
    assert name == f"uid=robert,{slapd.base}"
    assert attributes["mobile"] == [b"3"]
    assert attributes["cn"] == ["Zoë".encode()]
    assert len(attributes["entryUUID"][0]) == 36


def test_hidden_people_are_hidden_from_the_service_account_only(slapd: Slapd) -> None:
    slapd.add_person("alice", mobile="1")
    slapd.configure(people_visible=False)
    assert _seen(slapd) == []
    assert len(slapd.search()) == 1
    slapd.configure(hidden_attributes=["mobile"])
    assert ["mobile" in attributes for _, attributes in _seen(slapd)] == [False]


def test_size_limit_cuts_an_answer_short(slapd: Slapd) -> None:
    slapd.generate_people(20)
    slapd.configure(size_limit=5)
    with pytest.raises(ldap.SIZELIMIT_EXCEEDED):
        _seen(slapd)


def test_many_people_are_read_in_pages(slapd: Slapd) -> None:
    slapd.generate_people(2500)
    page, read = SimplePagedResultsControl(True, size=1000, cookie=b""), 0
    with slapd.connection(slapd.bind_dn, slapd.password) as link:
        while True:
            sent = link.search_ext(slapd.base, ldap.SCOPE_ONELEVEL, serverctrls=[page])
            _, entries, _, controls = link.result3(sent)
            read, page.cookie = read + len(entries), controls[0].cookie
            if not page.cookie:
                break
    assert read == 2500


def test_stopped_directory_is_down_and_comes_back_with_its_people(slapd: Slapd) -> None:
    slapd.add_person("alice")
    slapd.stop()
    with pytest.raises(ldap.SERVER_DOWN):
        _seen(slapd)
    slapd.start()
    assert len(_seen(slapd)) == 1


def test_bad_ldif_is_refused_with_the_reason(slapd: Slapd) -> None:
    with pytest.raises(ValueError, match="slapadd refused"):
        slapd.bulk_load(["dn: uid=x,ou=people,dc=example,dc=test\nobjectClass: nonsense\n\n"])


def _reader(server: Slapd, ca_file: Path, kind: str) -> ldap.ldapobject.LDAPObject:
    link = ldap.initialize(server.ldaps_url if kind == "ldaps" else server.url)
    link.set_option(ldap.OPT_X_TLS_CACERTFILE, str(ca_file))
    link.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
    link.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    if kind == "StartTLS":
        link.start_tls_s()
    link.simple_bind_s(server.bind_dn, server.password)
    return link


def _seen(server: Slapd) -> list[tuple[str, dict[str, list[bytes]]]]:
    with server.connection(server.bind_dn, server.password) as link:
        found: list[tuple[str, dict[str, list[bytes]]]] = link.search_s(
            server.base, ldap.SCOPE_SUBTREE, "(objectClass=inetOrgPerson)"
        )
        return found
