"""A company's directory and the portal: everybody with their oddities, then the days on which things go wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.directory.entries import Flaw
from accounts.models import SyncProblem, SyncRun, User
from tests.accounts.directory.places import people_checksum, settings_for
from tests.services.servers.people import Values, entry, person
from tests.services.slapd import Slapd
from tests.stories import acting

pytestmark = pytest.mark.django_db
PASSWORD = "tall trees 7"


@pytest.fixture
def company(slapd: Slapd, settings: LazySettings) -> Iterator[Slapd]:
    """A directory with somebody of every awkward kind, and thirty plain people."""
    slapd.reset()
    for name, value in settings_for(slapd).items():
        setattr(settings, name, value)
    slapd.generate_people(30)
    slapd.load(awkward(slapd.base))
    yield slapd
    slapd.reset()


def awkward(base: str) -> str:
    people: dict[str, dict[str, Values]] = {
        "good": {"mobile": "+49 170 1234501", "mail": "good@example.test", "displayName": "Gudrun Good"},
        "national": {"mobile": "0170 1234502"},
        "zeros": {"mobile": "0049 170 1234503"},
        "landline": {"mobile": "+49 30 123456"},
        "extension": {"mobile": "0170 1234504 ext. 12"},
        "junk": {"mobile": "ask the secretary"},
        "several": {"mobile": ["junk", "+49 170 1234505", "+49 170 1234506"]},
        "fallback": {"telephoneNumber": "+49 170 1234507"},
        "nothing": {},
        "premium": {"mobile": "0900 1234567"},
        "unicode": {"mobile": "+49 170 1234508", "cn": "Zoë Ångström-Łukasz 张伟"},
        "spaces": {"mobile": "+49 170 1234509"},
        "tel": {"mobile": "+49-170-1234510"},
        "arabic": {"mobile": "0170 1234511", "displayName": "محمد"},
    }
    text = "".join(person(uid, {"userPassword": PASSWORD, **values}, base=base) for uid, values in people.items())
    british = {"mobile": "07400 200001", "co": "United Kingdom", "objectClass": ["inetOrgPerson", "extensibleObject"]}
    text += person("british", british, base=base)
    text += entry(f"cn=Nameless,{base}", {"objectClass": "inetOrgPerson", "cn": "Nameless", "sn": "N"})
    twice = {"objectClass": "inetOrgPerson", "uid": ["first", "second"], "cn": "Two Names", "sn": "N"}
    text += entry(f"cn=Two Names,{base}", twice)
    text += entry(f"ou=left,{base}", {"objectClass": "organizationalUnit", "ou": "left"})
    text += person("twin", {"mobile": "+49 170 1234512"}, base=base)
    text += person("twin", {"mobile": "+49 170 1234513"}, base=f"ou=left,{base}")
    text += person('odd,+"', {"mobile": "+49 170 1234514"}, base=base).replace('uid=odd,+"', 'uid=odd\\,\\+\\"', 1)
    return text


def sync(*arguments: str) -> dict[str, object]:
    out = StringIO()
    call_command("sync_directory", "--json", *arguments, stdout=out)
    report: dict[str, object] = json.loads(out.getvalue())
    return report


def refused(code: int, words: str) -> None:
    """A run that ends with this code and these words, and leaves every person as they were, to the byte."""
    before = people_checksum()
    with pytest.raises(CommandError, match=words) as ended:
        sync()
    assert ended.value.returncode == code
    assert people_checksum() == before


def phone_of(username: str) -> str:
    return User.objects.get(username=username).phone


@pytest.mark.row("T-54")
@pytest.mark.row("T-55")
def test_everybody_comes_in_and_every_oddity_is_reported(company: Slapd) -> None:
    assert sync()["state"] == "done"
    phones = dict(User.objects.exclude(username__startswith="u0").values_list("username", "phone"))
    assert phones == {
        "good": "+491701234501", "national": "+491701234502", "zeros": "+491701234503", "landline": "", "extension": "",
        "junk": "", "several": "+491701234505", "fallback": "+491701234507", "nothing": "", "premium": "",
        "unicode": "+491701234508", "spaces": "+491701234509", "tel": "+491701234510", "arabic": "+491701234511",
        "british": "+447400200001", 'odd,+"': "+491701234514",
    }  # fmt: skip
    assert User.objects.get(username="unicode").name == "Zoë Ångström-Łukasz 张伟"
    found = sorted(SyncProblem.objects.values_list("username", "attribute", "reason"))
    assert found == sorted([
        ("", "uid", Flaw.NO_USERNAME),
        ("extension", "mobile", "extension"),
        ("first", "uid", Flaw.SEVERAL_USERNAMES),
        ("junk", "mobile", "not_a_number"),
        ("landline", "mobile", "landline"),
        ("premium", "mobile", "premium"),
        ("several", "mobile", "not_a_number"),
        ("twin", "", Flaw.DUPLICATE_USERNAME),
        ("twin", "", Flaw.DUPLICATE_USERNAME),
    ])  # fmt: skip
    assert SyncProblem.objects.get(username="extension").suggestion == "+491701234504"
    before = people_checksum()
    again = sync()
    assert again["counts"]["problems"] == 9  # type: ignore[index]
    assert people_checksum() == before


def test_a_day_of_changes(company: Slapd) -> None:
    sync()
    pks = dict(User.objects.values_list("username", "pk"))
    base = company.base
    company.rename(f"uid=good,{base}", "uid=better", new_superior=f"ou=left,{base}")
    company.modify(f"uid=national,{base}", mobile="0171 7654321")
    company.modify(f"uid=zeros,{base}", mobile=None)
    company.delete(f"uid=several,{base}")
    company.add_person("several", mobile="+49 170 1234599")
    company.delete(f"uid=fallback,{base}")
    report = sync()
    assert report["state"] == "done"
    better = User.objects.get(pk=pks["good"])
    assert (better.username, better.phone) == ("better", "+491701234501")
    assert phone_of("national") == "+491717654321"
    assert phone_of("zeros") == "+491701234503"
    assert SyncProblem.objects.filter(username="zeros", reason=Flaw.NUMBER_GONE).count() == 1
    newcomer, old = User.objects.get(username="several"), User.objects.get(pk=pks["several"])
    assert (newcomer.pk != old.pk, newcomer.phone, old.is_active) == (True, "+491701234599", False)
    assert old.username.startswith("several~")
    assert not User.objects.get(username="fallback").is_active


@pytest.mark.row("T-50")
@pytest.mark.row("F-02")
def test_lost_access_rights_change_nothing(company: Slapd) -> None:
    sync()
    company.configure(people_visible=False)
    refused(2, "nobody at all")
    company.configure(hidden_attributes=["entryUUID"])
    refused(2, "has an id and a user name")
    company.configure(hidden_attributes=["mobile", "telephoneNumber"])
    refused(2, "number of .* people has gone")
    company.configure(hidden_attributes=["mail"])
    refused(2, "e-mail addresses would be removed")
    company.configure(hidden_attributes=["uid"])
    refused(2, "has an id and a user name")
    company.configure()
    assert sync()["state"] == "done"


@pytest.mark.row("T-50")
def test_wrong_base_and_wrong_filter_change_nothing(company: Slapd, settings: LazySettings) -> None:
    sync()
    settings.LDAP_USER_BASE = f"ou=left,{company.base}"
    refused(2, "would be deactivated")
    settings.LDAP_USER_BASE = "ou=nowhere,dc=example,dc=test"
    refused(1, "LDAP_USER_BASE")
    settings.LDAP_USER_BASE, settings.LDAP_USER_FILTER = company.base, "(uid=nobody)"
    refused(2, "nobody at all")


@pytest.mark.row("T-51")
@pytest.mark.row("F-02")
def test_answer_cut_short_changes_nothing(company: Slapd) -> None:
    sync()
    company.configure(size_limit=20)
    refused(1, "size limit")
    company.stop()
    refused(1, "cannot be reached")


@pytest.mark.row("T-51")
def test_directory_killed_in_the_middle_of_a_run_changes_nothing(company: Slapd) -> None:
    from accounts.directory import sync as runs

    sync()
    before = people_checksum()

    def stop_it(step: str, done: int, total: int) -> None:
        if step == "reading" and done > 5:
            company.stop()

    failed = runs.run(trigger=SyncRun.Trigger.SHELL, progress=stop_it)
    assert (failed.state, "connection was lost" in failed.message) == (SyncRun.State.FAILED, True)
    assert people_checksum() == before


@pytest.mark.row("T-52")
def test_drop_of_a_third_and_one_number_for_everybody_change_nothing(company: Slapd) -> None:
    sync()
    for number in range(15):
        company.modify(f"uid=u{number:07d},{company.base}", mobile="+44 7400 999999")
    refused(2, "one and the same phone number|phone numbers would change")
    for number in range(15):
        company.delete(f"uid=u{number:07d},{company.base}")
    refused(2, "15 of 46 people would be deactivated")


def test_person_of_the_directory_signs_in_and_is_out_once_the_directory_lets_go(company: Slapd, client: Client) -> None:
    answer = acting.give_password(client, "nothing", PASSWORD)
    assert answer.status_code == 302
    assert client.get("/", secure=True).status_code in (200, 302)
    nothing = User.objects.get(username="nothing")
    assert int(client.session["_auth_user_id"]) == nothing.pk
    sync()
    assert "_auth_user_id" in client.session
    company.delete(f"uid=nothing,{company.base}")
    sync()
    assert client.get("/", secure=True)["location"].startswith("/sign-in/")
    assert acting.give_password(Client(headers={"host": "portal.test"}), "nothing", PASSWORD).status_code == 422


@pytest.mark.row("F-01")
def test_sign_in_says_that_the_directory_is_away(company: Slapd, client: Client) -> None:
    company.stop()
    answer = acting.give_password(client, "national", PASSWORD)
    assert answer.status_code != 302
    assert b"Signing in is not possible just now" in answer.content


def test_directory_as_a_file_gives_the_same_people(company: Slapd, settings: LazySettings, tmp_path: Path) -> None:
    exported = tmp_path / "people.ldif"
    found = company.search(attributes=["*", "entryUUID"])
    exported.write_text("".join(entry(dn, values) for dn, values in found))
    sync()
    before = people_checksum()
    assert sync("--ldif", str(exported))["state"] == "done"
    assert people_checksum() == before
