"""The directory's password at the portal's door, on a real OpenLDAP."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator

import pytest
from django.conf import LazySettings
from django.contrib.auth import authenticate
from django.db import connection
from django.test.utils import CaptureQueriesContext
from ldap.dn import escape_dn_chars, str2dn

from accounts import passwords
from accounts.directory.sign_in import DirectoryBackend
from accounts.models import SyncRun, User
from tests.accounts.directory.places import run
from tests.conftest import PASSWORD
from tests.services.servers.people import person
from tests.services.slapd import Slapd

pytestmark = pytest.mark.django_db
GOOD = "tall trees 7"
INJECTIONS = ["*", "al*", "*)(uid=*", "\\2a", "alice)(|(uid=*", "(|(uid=*))", "alice\\00", "*)(objectClass=*))(&(uid=*"]


@pytest.fixture(autouse=True)
def _alice(directory: Slapd) -> None:
    directory.add_person(
        "alice", cn="Alice Sample", mail="alice@example.test", mobile="0170 1234567", userPassword=GOOD
    )


def owner(username: str = "alice", password: str = GOOD) -> User | None:
    return passwords.owner(username, password)


@pytest.mark.parametrize("ldaps", [False, True], ids=["StartTLS", "ldaps"])
def test_somebody_new_is_created_as_the_sync_would(directory: Slapd, settings: LazySettings, ldaps: bool) -> None:
    settings.LDAP_URL = directory.ldaps_url if ldaps else directory.url
    alice = owner()
    assert alice is not None
    assert (alice.username, alice.name, alice.email, alice.phone, alice.phone_source) == (
        "alice", "Alice Sample", "alice@example.test", "+491701234567", "directory",
    )  # fmt: skip
    assert not alice.has_usable_password()
    assert not hasattr(alice, "ldap_user")
    assert run().counts["created"] == 0
    assert owner() == alice


@pytest.mark.parametrize("typed", ["ALICE", " alice ", "ａｌｉｃｅ"])
def test_any_spelling_of_the_name_is_the_same_person(typed: str) -> None:
    assert owner(typed) == owner()
    assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["small trees", GOOD + " ", GOOD.upper(), "x" * 1024])
def test_wrong_password_is_nobody(password: str) -> None:
    assert owner(password=password) is None
    assert not User.objects.exists()


@pytest.mark.row("T-49")
@pytest.mark.parametrize("password", ["", " ", "\t\r\n", "\0", "\0\0 "])
def test_empty_password_is_refused_before_any_bind(directory: Slapd, password: str) -> None:
    directory.stop()
    assert owner(password=password) is None
    assert DirectoryBackend().authenticate(None, "alice", password) is None
    assert DirectoryBackend().authenticate(None, "alice", None) is None


@pytest.mark.row("T-47")
@pytest.mark.parametrize("typed", [*INJECTIONS, "alice\0", "alice)", "nobody", "", " "])
def test_user_name_that_is_a_filter_finds_nobody(directory: Slapd, typed: str) -> None:
    directory.add_person("bob", userPassword=GOOD)
    assert owner(typed) is None
    assert not User.objects.exists()


@pytest.mark.row("T-47")
def test_user_name_of_filter_characters_is_found_as_it_is(directory: Slapd) -> None:
    directory.load(person("odd", {"uid": "a(b)*c\\d"}, base=f"{directory.base}").replace("dn: uid=odd", "dn: cn=odd", 1)
                   .replace("cn: odd", "cn: odd\nuserPassword: " + GOOD, 1))  # fmt: skip
    found = owner("a(b)*c\\d")
    assert found is not None
    assert found.username == "a(b)*c\\d"


@pytest.mark.row("T-47")
@pytest.mark.row("T-54")
def test_name_in_two_subtrees_is_nobody(directory: Slapd) -> None:
    directory.add(f"ou=other,{directory.base}", {"objectClass": "organizationalUnit", "ou": "other"})
    directory.load(person("alice", {"userPassword": GOOD}, base=f"ou=other,{directory.base}"))
    assert owner() is None


def test_person_is_found_by_the_id_and_never_by_the_name(directory: Slapd) -> None:
    before = owner()
    assert before is not None
    directory.rename(f"uid=alice,{directory.base}", "uid=alicia")
    assert owner("alice") is None
    assert owner("alicia") == before


@pytest.mark.row("T-54")
def test_reused_name_is_a_new_person(directory: Slapd) -> None:
    before = owner()
    assert before is not None
    directory.delete(f"uid=alice,{directory.base}")
    directory.add_person("alice", userPassword="other trees")
    after = owner(password="other trees")
    assert after is not None
    assert after != before
    before.refresh_from_db()
    assert before.username.startswith("alice~")
    assert run().state == SyncRun.State.DONE
    before.refresh_from_db()
    assert not before.is_active


def test_somebody_deactivated_is_refused(directory: Slapd) -> None:
    alice = owner()
    User.objects.update(is_active=False)
    assert owner() is None
    assert alice is not None
    assert DirectoryBackend().get_user(alice.pk) is None


def test_local_account_of_the_name_is_never_taken_over(make_user: Callable[..., User]) -> None:
    local = make_user("alice")
    assert owner() is None
    assert owner(password=PASSWORD) == local
    local.refresh_from_db()
    assert local.directory_id is None


def test_entry_outside_the_filter_is_nobody(settings: LazySettings) -> None:
    settings.LDAP_USER_FILTER = "(&(objectClass=inetOrgPerson)(description=100%))"
    assert owner() is None


def test_entry_without_a_password_says_no_and_is_no_outage(directory: Slapd) -> None:
    directory.add_person("bob")
    assert owner("bob") is None


@pytest.mark.row("F-01")
def test_directory_that_is_down_cannot_say_no(directory: Slapd) -> None:
    directory.stop()
    with pytest.raises(passwords.DirectoryUnreachable):
        owner()


@pytest.mark.parametrize(("name", "value"), [
    ("LDAP_BIND_PASSWORD", "wrong"), ("LDAP_USER_BASE", "ou=nowhere,dc=example,dc=test"), ("LDAP_START_TLS", False),
    ("LDAP_CA_FILE", "other"), ("LDAP_USER_FILTER", "(bad"),
])  # fmt: skip
def test_directory_that_cannot_be_asked_properly_cannot_say_no(
    directory: Slapd, settings: LazySettings, name: str, value: object
) -> None:
    setattr(settings, name, str(directory.other_ca_file) if value == "other" else value)
    with pytest.raises(passwords.DirectoryUnreachable):
        owner()


def test_portal_without_a_directory_asks_nobody(settings: LazySettings, make_user: Callable[..., User]) -> None:
    settings.LDAP_URL = ""
    local = make_user("carol")
    assert owner() is None
    assert owner("carol", PASSWORD) == local


def test_local_accounts_sign_in_while_the_directory_is_down(directory: Slapd, make_user: Callable[..., User]) -> None:
    directory.stop()
    local = make_user("carol")
    assert owner("carol", PASSWORD) == local


def test_request_of_a_session_costs_one_query_and_no_directory(directory: Slapd) -> None:
    alice = owner()
    directory.stop()
    assert alice is not None
    with CaptureQueriesContext(connection) as seen:
        assert DirectoryBackend().get_user(alice.pk) == alice
    assert len(seen) == 1
    assert DirectoryBackend().get_group_permissions(alice) == set()


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    sink = io.StringIO()
    handler, root = logging.StreamHandler(sink), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    quiet = logging.getLogger("django.db.backends")
    yield sink
    root.removeHandler(handler)
    root.setLevel(level)
    assert quiet.level == logging.INFO


def test_no_password_is_logged_at_debug(
    everything_logged: io.StringIO, directory: Slapd, settings: LazySettings
) -> None:
    assert owner() is not None
    assert owner(password="canary-wrong-4711") is None
    directory.stop()
    with pytest.raises(passwords.DirectoryUnreachable):
        owner(password="canary-down-4712")
    text = everything_logged.getvalue()
    assert "alice" in text
    assert not [secret for secret in (GOOD, "canary", settings.LDAP_BIND_PASSWORD) if secret in text]


def test_failed_sign_in_is_announced_without_the_password() -> None:
    assert authenticate(username="alice", password="small trees") is None


@pytest.mark.row("T-48")
@pytest.mark.parametrize("name", ["İbrahim ŞAHİN", "Straße ẞ", "ΟΔΥΣΣΕΥΣ", 'Odd, "X" +<Y>;\\'])
def test_distinguished_name_is_bound_and_kept_as_the_directory_writes_it(directory: Slapd, name: str) -> None:
    directory.add(f"ou=Löwen,{directory.base}", {"objectClass": "organizationalUnit", "ou": "Löwen"})
    rdn = f"cn={escape_dn_chars(name)}"
    directory.add(f"{rdn},ou=Löwen,{directory.base}", {
        "objectClass": "inetOrgPerson", "cn": name, "sn": "S", "uid": "unusual", "userPassword": GOOD,
    })  # fmt: skip
    person = owner("unusual")
    assert person is not None
    assert str2dn(person.directory_dn)[0][0][1] == name
    before = (person.directory_dn, person.directory_fingerprint)
    assert run().state == SyncRun.State.DONE
    person.refresh_from_db()
    assert (person.directory_dn, person.directory_fingerprint) == before


@pytest.mark.parametrize(
    ("number", "comes_in"), [("1", True), ("2", False), ("3", False), ("two", False), (None, False)]
)
def test_nobody_comes_in_whose_entry_says_disabled_or_does_not_say(
    directory: Slapd, settings: LazySettings, number: str | None, comes_in: bool
) -> None:
    settings.LDAP_DISABLED_WHEN = ["employeeNumber&2"]
    directory.modify(f"uid=alice,{directory.base}", employeeNumber=number)
    assert (owner() is not None) is comes_in


def test_disabled_person_is_out_at_once_and_back_when_enabled(directory: Slapd, settings: LazySettings) -> None:
    settings.LDAP_DISABLED_WHEN = ["employeeType=left"]
    alice = owner()
    directory.modify(f"uid=alice,{directory.base}", employeeType="Left")
    assert owner() is None
    directory.modify(f"uid=alice,{directory.base}", employeeType=None)
    assert alice is not None
    assert owner() == alice
