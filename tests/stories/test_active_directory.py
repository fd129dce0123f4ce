"""A company's Active Directory and the portal: people come, change, leave and sign in, on a real domain controller."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import ldap
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.directory.readers import PartialResult
from accounts.directory.readers.ldap import link as links, ranges
from accounts.memberships import parse
from accounts.models import SyncProblem, User
from tests.accounts.directory.active_directory import server_for, settings_for
from tests.accounts.directory.places import people_checksum
from tests.services.samba import Samba
from tests.services.servers.samba import ADMINISTRATOR
from tests.stories import acting

pytestmark = pytest.mark.django_db
PASSWORD = "Tall-trees-7"
MANY = "CN=Configuration"
INJECTIONS = ["*", "al*", "*)(sAMAccountName=*", "\\2a", "alice)(|(cn=*", "(|(cn=*))", "alice\\00", "*)(cn=*))(&(cn=*"]
AWKWARD = 'odd, "x" <y>;\\z+#üİΟΔΟΣ'


@pytest.fixture
def company(samba: Samba, settings: LazySettings) -> Iterator[Samba]:
    """The domain with nobody under its base, as the portal's settings name it."""
    samba.reset()
    for name, value in settings_for(samba).items():
        setattr(settings, name, value)
    yield samba
    samba.start()


def sync(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("sync_directory", "--json", *arguments, stdout=out)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def sign_in(username: str, password: str = PASSWORD) -> int:
    return acting.give_password(Client(headers={"host": "portal.test"}), username, password).status_code


@pytest.mark.row("T-55")
def test_everybody_comes_in_with_numbers_in_every_notation(company: Samba) -> None:
    people: dict[str, dict[str, Any]] = {
        "german": {"mobile": "0170 1234501", "c": "DE", "co": "Germany", "countryCode": "276"},
        "by-name": {"mobile": "0170 1234502", "co": "Germany"},
        "by-number": {"mobile": "0170 1234503", "countryCode": "276"},
        "no-country": {"mobile": "07400 200001", "countryCode": "0"},
        "international": {"mobile": "+49 (170) 123-4504", "c": "GB"},
        "zeros": {"mobile": "0049 170 1234505"},
        "fallback": {"telephoneNumber": "0170 1234506", "c": "DE"},
        "junk": {"mobile": "ask the secretary"},
        "extension": {"mobile": "0170 1234507 ext. 12", "c": "DE"},
        "nothing": {"displayName": "Zoë Ångström-Łukasz 张伟", "mail": "nothing@example.test"},
    }
    for name, attributes in people.items():
        company.add_person(name, PASSWORD, **attributes)
    company.add(f"CN=PC1,{company.base}", {"objectClass": "computer", "sAMAccountName": "PC1$"})
    company.add(f"CN=Contact,{company.base}", {"objectClass": "contact", "mobile": "+49 170 1234599"})
    assert sync()["state"] == "done"
    assert dict(User.objects.values_list("username", "phone")) == {
        "german": "+491701234501", "by-name": "+491701234502", "by-number": "+491701234503",
        "no-country": "+447400200001", "international": "+491701234504", "zeros": "+491701234505",
        "fallback": "+491701234506", "junk": "", "extension": "", "nothing": "",
    }  # fmt: skip
    assert User.objects.get(username="nothing").name == "Zoë Ångström-Łukasz 张伟"
    assert sorted(SyncProblem.objects.values_list("username", "reason")) == [
        ("extension", "extension"), ("junk", "not_a_number"),
    ]  # fmt: skip
    [(_, found)] = company.search("(sAMAccountName=german)", attributes=["objectGUID"])
    assert User.objects.get(username="german").directory_id == str(UUID(bytes_le=found["objectGUID"][0]))
    before = people_checksum()
    assert sync()["state"] == "done"
    assert people_checksum() == before


def test_a_day_of_changes(company: Samba) -> None:
    stays = company.add_person("stays", PASSWORD, mobile="+49 170 1234501")
    moves = company.add_person("moves", PASSWORD, mobile="+49 170 1234502")
    leaves = company.add_person("leaves", PASSWORD, mobile="+49 170 1234503")
    reused = company.add_person("reused", PASSWORD, mobile="+49 170 1234504")
    sync()
    pks = dict(User.objects.values_list("username", "pk"))
    company.disable(leaves)
    company.add(f"OU=other,{company.base}", {"objectClass": "organizationalUnit"})
    company.modify(moves, sAMAccountName="Moved")
    company.rename(moves, "CN=Moved Person", new_superior=f"OU=other,{company.base}")
    company.delete(reused)
    company.add_person("reused", PASSWORD, mobile="+49 170 1234505")
    company.modify(stays, displayName="Sally Stays", mobile="0171 7654321", c="DE", lockoutTime="0")
    assert sync()["state"] == "done"
    assert not User.objects.get(pk=pks["leaves"]).is_active
    moved = User.objects.get(pk=pks["moves"])
    assert (moved.username, moved.phone, moved.is_active) == ("moved", "+491701234502", True)
    newcomer, old = User.objects.get(username="reused"), User.objects.get(pk=pks["reused"])
    assert (newcomer.pk != old.pk, newcomer.phone, old.is_active) == (True, "+491701234505", False)
    assert old.username.startswith("reused~")
    stayed = User.objects.get(pk=pks["stays"])
    assert (stayed.name, stayed.phone, stayed.is_active) == ("Sally Stays", "+491717654321", True)
    company.enable(leaves)
    assert sync()["state"] == "done"
    assert User.objects.get(pk=pks["leaves"]).is_active


def test_references_from_the_root_of_the_domain_are_not_followed(company: Samba, settings: LazySettings) -> None:
    company.add_person("alice", PASSWORD)
    with company.connection(company.bind_dn, company.password) as link:
        found = link.search_s(company.suffix, ldap.SCOPE_SUBTREE, "(sAMAccountName=alice)", ["1.1"])
    assert any(dn is None for dn, _ in found)
    settings.LDAP_USER_BASE = company.suffix
    assert sync()["state"] == "done"
    assert {"alice", "administrator"} <= set(User.objects.values_list("username", flat=True))
    assert not User.objects.filter(username="krbtgt", is_active=True).exists()
    assert sign_in("alice") == 302


@pytest.mark.row("T-48")
def test_names_that_a_distinguished_name_must_escape_round_trip(company: Samba) -> None:
    dn = company.add_person("plain", PASSWORD, mobile="+49 170 1234501")
    sync()
    company.rename(dn, f"CN={ldap.dn.escape_dn_chars(AWKWARD)}")
    assert sync()["state"] == "done"
    person = User.objects.get(username="plain")
    assert person.directory_dn.endswith(company.base)
    assert ldap.dn.str2dn(person.directory_dn)[0][0][1] == AWKWARD
    assert person.is_active
    assert sign_in("plain") == 302


@pytest.mark.parametrize("ldaps", [True, False], ids=["ldaps", "StartTLS"])
def test_person_signs_in_by_either_kind_of_tls(company: Samba, settings: LazySettings, ldaps: bool) -> None:
    settings.LDAP_URL = company.ldaps_url if ldaps else company.url
    company.add_person("alice", PASSWORD, mobile="+49 170 1234501")
    assert [sign_in(name) for name in ("alice", "ALICE", " Alice ")] == [302, 302, 302]
    assert User.objects.get().phone == "+491701234501"
    assert sync()["counts"]["created"] == 0


def test_principal_name_is_the_user_name_where_the_settings_say_so(company: Samba, settings: LazySettings) -> None:
    company.add_person("alice", PASSWORD)
    settings.LDAP_USERNAME_ATTRIBUTE = "userPrincipalName"
    assert sync()["state"] == "done"
    assert User.objects.get().username == "alice@example.test"
    assert [sign_in(name) for name in ("Alice@Example.test", "alice", "alice@elsewhere.test")] == [302, 422, 422]


@pytest.mark.row("T-49")
def test_refusals_look_alike_outside_and_are_told_apart_in_the_log(
    company: Samba, caplog: pytest.LogCaptureFixture
) -> None:
    company.add_person("right", PASSWORD)
    company.disable(company.add_person("disabled", PASSWORD))
    company.modify(company.add_person("expired", PASSWORD), accountExpires="1")
    company.modify(company.add_person("stale", PASSWORD), pwdLastSet="0")
    caplog.set_level(logging.INFO, logger="accounts")
    answers = {}
    for name, password in [("right", "wrong-4711"), ("disabled", PASSWORD), ("expired", PASSWORD), ("stale", PASSWORD),
                           ("nobody", PASSWORD), ("right", " ")]:  # fmt: skip
        answer = acting.give_password(Client(headers={"host": "portal.test"}), name, password)
        answers[name, password] = (answer.status_code, b"That did not work" in answer.content)
    assert set(answers.values()) == {answers["right", "wrong-4711"]}
    assert answers["right", "wrong-4711"][0] == 422
    for words in ("password is wrong", "is disabled", "account has expired", "must be changed"):
        assert words in caplog.text
    assert "4711" not in caplog.text
    assert PASSWORD not in caplog.text
    assert not User.objects.exists()


@pytest.mark.row("T-47")
def test_user_name_that_is_a_filter_finds_nobody(company: Samba) -> None:
    company.add_person("alice", PASSWORD)
    assert {sign_in(typed) for typed in INJECTIONS} == {422}
    assert not User.objects.exists()


def test_every_member_of_a_large_group_is_read(company: Samba) -> None:
    some = company.search("(objectClass=*)", base=f"{MANY},{company.suffix}", attributes=["1.1"])
    members = sorted(dn.encode() for dn, _ in some)[:1650]
    assert len(members) > 1500
    dn = f"CN=all,{company.base}"
    company.add(dn, {"objectClass": "group", "sAMAccountName": "all"})
    company.modify(dn, member=members)
    empty = f"CN=none,{company.base}"
    company.add(empty, {"objectClass": "group", "sAMAccountName": "none"})
    with links.connected(server_for(company)) as link:
        assert sorted(ranges.whole_attribute(link, dn, "member")) == members
        assert ranges.whole_attribute(link, empty, "Member") == []
        [(_, part)] = link.search_ext_s(dn, ldap.SCOPE_BASE, attrlist=["member;range=0-99"])
        assert list(part) == ["member;range=0-99"]
        assert sorted(ranges.rest_of(link, dn, "member", part)) == members
        pieces: Any = InPieces(link)
        assert sorted(ranges.whole_attribute(pieces, dn, "member")) == members
        assert pieces.asked == 5
        with pytest.raises(PartialResult):
            ranges.rest_of(link, dn, "member", {"member;range=5-9": []})
        with pytest.raises(PartialResult):
            ranges.rest_of(link, dn, "member", {"member;range=0-8999": members})


class InPieces:
    """The domain controller, giving no more than 400 values at once: Windows stops at 1,500, Samba never."""

    def __init__(self, link: links.Link) -> None:
        self._link, self.asked = link, 0

    def search_ext_s(self, dn: str, scope: int, filter_text: str, attributes: list[str]) -> Any:
        name, _, part = attributes[0].partition(";range=")
        first = int(part.removesuffix("-*") or 0)
        self.asked += 1
        return self._link.search_ext_s(dn, scope, filter_text, [f"{name};range={first}-{first + 399}"])


@pytest.mark.row("T-55c")
def test_server_that_does_not_prove_who_it_is_gets_no_password(company: Samba, settings: LazySettings) -> None:
    company.add_person("alice", PASSWORD)
    for url in (company.ldaps_url, company.url):
        settings.LDAP_URL = url
        settings.LDAP_CA_FILE = str(company.other_ca_file)
        with pytest.raises(CommandError, match="did not prove who it is"):
            sync()
        answer = acting.give_password(Client(headers={"host": "portal.test"}), "alice", PASSWORD)
        assert b"Signing in is not possible just now" in answer.content
    settings.LDAP_START_TLS = False
    with pytest.raises(CommandError, match="without TLS"):
        sync()
    assert not User.objects.exists()


def test_outage_and_refused_service_account_change_nothing(company: Samba, settings: LazySettings) -> None:
    company.add_person("alice", PASSWORD)
    sync()
    before = people_checksum()
    settings.LDAP_USER_BASE = "DC=elsewhere,DC=test"
    with pytest.raises(CommandError, match="LDAP_USER_BASE"):
        sync()
    settings.LDAP_USER_BASE = company.base
    settings.LDAP_BIND_PASSWORD = "wrong"
    with pytest.raises(CommandError, match="refused the service account"):
        sync()
    company.stop()
    with pytest.raises(CommandError, match="cannot be reached"):
        sync()
    assert people_checksum() == before


def test_groups_of_the_domain_give_roles(company: Samba, settings: LazySettings) -> None:
    alice, odd = company.add_person("alice", PASSWORD), company.add_person("plain", PASSWORD)
    company.rename(odd, f"CN={ldap.dn.escape_dn_chars(AWKWARD)}")
    [renamed] = [dn for dn, _ in company.search("(sAMAccountName=plain)")]
    company.add_person("outsider", PASSWORD)
    dn = f"CN=2fa helpdesk,{company.base}"
    company.add(dn, {"objectClass": "group", "sAMAccountName": "2fa-helpdesk", "member": [alice, renamed]})
    settings.LDAP_GROUPS = parse(f"helpdesk: {dn.upper()}; admin: CN=nowhere,{company.base}")
    assert sync()["counts"]["group_members_added"] == 2
    assert set(User.objects.filter(groups__name="helpdesk", is_staff=True).values_list("username", flat=True)) == {
        "alice", "plain",
    }  # fmt: skip
    company.modify(dn, member=alice)
    report = sync()
    assert report["counts"]["group_members_removed"] == 1
    assert "Group admin was left as it is" in report["message"]
    assert not User.objects.get(username="plain").is_staff


@pytest.mark.row("T-55")
def test_corrections_of_numbers_are_accepted_by_the_domain(company: Samba, tmp_path: Path) -> None:
    company.add_person("ext", PASSWORD, mobile="07400 200001 ext. 12", telephoneNumber="07400 200002 ext. 1")
    sync()
    changes = tmp_path / "corrections.ldif"
    call_command("directory_report", corrections=changes)
    command = ["ldapmodify", "-H", company.ldaps_url, "-x", "-D", ADMINISTRATOR, "-w", company.administrator_password]
    environment = os.environ | {"LDAPTLS_CACERT": str(company.ca_file)}
    done = subprocess.run(
        [*command, "-f", str(changes)], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sync()["counts"]["problems"] == 0
    assert User.objects.get(username="ext").phone == "+447400200001"
