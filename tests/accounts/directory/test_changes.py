"""Runs of what changed, on a real slapd: by its log, and by moments of change as any server has them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType

import ldap
import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.directory.readers import DirectoryError, PositionLost
from accounts.directory.readers.ldap import FollowedLdapReader, Server, changes, syncrepl, timestamps
from accounts.models import SyncProblem, SyncRun, User
from tests.accounts.directory.places import Given, people_checksum, run
from tests.accounts.directory.samples import entry
from tests.services.slapd import Slapd

pytestmark = pytest.mark.django_db
TOUCHED = ("created", "updated", "deactivated", "reactivated")


@pytest.fixture(params=[syncrepl, timestamps], ids=["log", "moments"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> ModuleType:
    """How the directory is asked; where nothing tells who is gone, ids are counted in each run."""
    kind: ModuleType = request.param
    monkeypatch.setattr(changes, "KINDS", {kind.KIND: kind})
    settings.SYNC_COUNT_EVERY_MINUTES = 0
    return kind


@pytest.fixture
def many(directory: Slapd) -> Slapd:
    """A directory of twelve, read by a full run."""
    for number in range(12):
        directory.add_person(f"p{number}", mobile=f"0170 10000{number:02}")
    assert run().state == SyncRun.State.DONE
    return directory


def what_changed(**expected: int) -> SyncRun:
    """A run of what changed that did just that, after which a run of everybody has nothing to add."""
    done = run(mode=SyncRun.Mode.INCREMENTAL)
    assert (done.state, done.mode, done.message) == ("done", "incremental", "")
    assert {name: done.counts[name] for name in TOUCHED} == dict.fromkeys(TOUCHED, 0) | expected
    everybody = run(dry_run=True)
    assert {name: everybody.counts[name] for name in TOUCHED} == dict.fromkeys(TOUCHED, 0)
    return done


def person(directory: Slapd, uid: str) -> str:
    return f"uid={uid},{directory.base}"


def test_nothing_is_read_where_nothing_changed(many: Slapd) -> None:
    done = what_changed()
    assert done.counts["entries"] == 0
    assert SyncRun.objects.get(pk=done.pk).position["kind"] == "syncrepl"


def test_each_change_is_found(kind: ModuleType, many: Slapd) -> None:
    many.modify(person(many, "p1"), mobile="0170 2222222")
    what_changed(updated=1)
    assert User.objects.get(username="p1").phone == "+491702222222"
    many.add_person("new", mobile="0170 3333333")
    what_changed(created=1)
    many.delete(person(many, "p2"))
    what_changed(deactivated=1)
    many.rename(person(many, "p3"), "uid=renamed")
    what_changed(updated=1)
    many.delete(person(many, "p4"))
    many.add_person("p4", mobile="0170 4444444")
    what_changed(created=1, deactivated=1)
    assert User.objects.get(username="p4").phone == "+491704444444"
    what_changed()


def test_moves_are_found_inside_outside_and_back(kind: ModuleType, many: Slapd, settings: LazySettings) -> None:
    for name in ("here", "there"):
        many.add(f"ou={name},{many.base}", {"objectClass": "organizationalUnit", "ou": name})
    settings.LDAP_USER_BASE = f"ou=here,{many.base}"
    many.rename(person(many, "p1"), "uid=p1", new_superior=f"ou=here,{many.base}")
    many.rename(person(many, "p2"), "uid=p2", new_superior=f"ou=here,{many.base}")
    settings.SYNC_MAX_PEOPLE_LOST = (5, 100)
    run()
    many.rename(f"uid=p1,ou=here,{many.base}", "uid=p1", new_superior=f"ou=there,{many.base}")
    what_changed(deactivated=1)
    many.rename(f"uid=p1,ou=there,{many.base}", "uid=p1", new_superior=f"ou=here,{many.base}")
    what_changed(reactivated=1)


def test_name_that_is_already_somebodys_is_held_until_it_is_free(kind: ModuleType, many: Slapd) -> None:
    many.add(f"ou=more,{many.base}", {"objectClass": "organizationalUnit", "ou": "more"})
    run()
    other = f"uid=p1,ou=more,{many.base}"
    many.add(other, {"objectClass": "inetOrgPerson", "uid": "p1", "cn": "P", "sn": "P", "mobile": "0170 5555555"})
    done = what_changed()
    assert set(SyncProblem.objects.filter(run=done).values_list("reason", flat=True)) == {"duplicate_username"}
    many.delete(person(many, "p1"))
    what_changed(created=1, deactivated=1)
    assert User.objects.get(username="p1").phone == "+491705555555"


def test_names_are_swapped(kind: ModuleType, many: Slapd) -> None:
    many.rename(person(many, "p1"), "uid=between")
    many.rename(person(many, "p2"), "uid=p1")
    many.rename(person(many, "between"), "uid=p2")
    what_changed(updated=2)
    assert User.objects.get(username="p1").phone == "+491701000002"


def test_branch_that_is_renamed_has_everybody_read(kind: ModuleType, many: Slapd) -> None:
    many.add(f"ou=more,{many.base}", {"objectClass": "organizationalUnit", "ou": "more"})
    many.add(f"uid=in,ou=more,{many.base}", {"objectClass": "inetOrgPerson", "uid": "in", "cn": "I", "sn": "N"})
    run()
    many.rename(f"ou=more,{many.base}", "ou=renamed")
    done = run(mode=SyncRun.Mode.INCREMENTAL)
    assert (done.mode, done.counts["updated"]) == ("full", 1)
    assert "a branch of the directory" in done.message
    assert User.objects.get(username="in").directory_dn == f"uid=in,ou=renamed,{many.base}"
    what_changed()


def test_log_that_a_restart_lost_is_made_up_for_by_who_is_present(many: Slapd) -> None:
    many.delete(person(many, "p1"))
    many.add_person("new")
    many.restart()
    what_changed(created=1, deactivated=1)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_days_end_where_a_run_of_everybody_ends(kind: ModuleType, many: Slapd, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(8):
        for _ in range(chance.randint(1, 3)):
            edit(many, chance)
        if chance.random() < 0.2:
            many.restart()
        done = run(mode=SyncRun.Mode.INCREMENTAL)
        assert (done.state, done.mode) == ("done", "incremental"), done.message
        everybody = run(dry_run=True)
        assert {name: everybody.counts[name] for name in TOUCHED} == dict.fromkeys(TOUCHED, 0)


def edit(directory: Slapd, chance: random.Random) -> None:
    found = [dn for dn, _ in directory.search(attributes=["1.1"])]
    one, name = chance.choice(found), f"n{chance.randrange(6)}"
    what = chance.choice(["number", "rename", "delete", "add", "none"])
    try:
        if what == "number":
            directory.modify(one, mobile=chance.choice([f"0170 60000{chance.randrange(90):02}", "junk"]))
        elif what == "rename":
            directory.rename(one, f"uid={name}")
        elif what == "delete" and len(found) > 6:
            directory.delete(one)
        elif what == "add":
            directory.add_person(name, mobile="0170 7777777")
    except ldap.ALREADY_EXISTS:
        return


def everybody_was_read(words: str) -> None:
    done = run(mode=SyncRun.Mode.INCREMENTAL)
    assert (done.state, done.mode) == ("done", "full")
    assert words in done.message
    what_changed()


def test_first_run_other_settings_and_a_file_in_between_have_everybody_read(
    many: Slapd, settings: LazySettings
) -> None:
    settings.SYNC_MAX_PEOPLE_LOST = settings.SYNC_MAX_NUMBERS_LOST = (5, 100)
    settings.LDAP_USER_FILTER = "(&(objectClass=inetOrgPerson)(uid=*))"
    everybody_was_read("set up anew")
    settings.PHONE_DEFAULT_REGION = "CH"
    everybody_was_read("set up anew")
    run(Given([entry("p", "somebody")]))
    everybody_was_read("set up anew")
    SyncRun.objects.all().delete()
    everybody_was_read("there was no run before")


def test_everybody_is_read_when_their_turn_has_come(many: Slapd, settings: LazySettings) -> None:
    SyncRun.objects.update(started_at=timezone.now() - timedelta(hours=settings.SYNC_FULL_EVERY_HOURS, minutes=1))
    everybody_was_read("turn has come")


@pytest.mark.parametrize("cookie", ["rid=000,csn=20990101000000.000000Z#000000#000#000000", "rid=000,csn=not a number"])
def test_server_that_was_set_back_or_is_another_has_everybody_read_or_loses_nobody(many: Slapd, cookie: str) -> None:
    last = SyncRun.objects.latest("pk")
    SyncRun.objects.filter(pk=last.pk).update(position={**last.position, "cookie": cookie})
    done = run(mode=SyncRun.Mode.INCREMENTAL)
    assert (done.state, done.counts["deactivated"]) == ("done", 0)
    assert done.mode == "full" or done.counts["entries"] == 12
    what_changed()


def test_runs_that_change_nothing_leave_the_position_where_it_was(many: Slapd, settings: LazySettings) -> None:
    many.delete(person(many, "p1"))
    dry = run(mode=SyncRun.Mode.INCREMENTAL, dry_run=True)
    assert (dry.counts["deactivated"], dry.position) == (1, {})
    settings.SYNC_MAX_PEOPLE_LOST = (0, 0)
    assert run(mode=SyncRun.Mode.INCREMENTAL).state == SyncRun.State.STOPPED
    settings.SYNC_MAX_PEOPLE_LOST = (0, 10)
    SyncRun.objects.create(trigger="shell", mode="incremental", state="killed")
    what_changed(deactivated=1)


@pytest.mark.row("T-52")
def test_mass_of_leavers_is_judged_against_everybody_and_can_be_confirmed(many: Slapd, settings: LazySettings) -> None:
    settings.SYNC_MAX_PEOPLE_LOST = (10, 0)
    many.delete(person(many, "p1"))
    what_changed(deactivated=1)
    for number in (2, 3, 4):
        many.delete(person(many, f"p{number}"))
    stopped = run(mode=SyncRun.Mode.INCREMENTAL)
    assert (stopped.state, stopped.counts["guard"]) == ("stopped", "people_lost")
    assert "3 of 11 people" in stopped.message
    confirmed = run(confirms=stopped)
    assert (confirmed.state, confirmed.mode, confirmed.counts["deactivated"]) == ("done", "incremental", 3)
    what_changed()


@pytest.mark.row("T-50")
def test_service_account_that_sees_nobody_any_more_changes_nobody(kind: ModuleType, many: Slapd) -> None:
    before = people_checksum()
    many.configure(people_visible=False)
    many.modify(person(many, "p1"), mobile="0170 2222222")
    done = run(mode=SyncRun.Mode.INCREMENTAL)
    assert (done.state, done.counts.get("guard")) == ("stopped", "empty")
    assert people_checksum() == before


@pytest.mark.row("T-51")
def test_answer_that_is_cut_short_has_everybody_read_in_pages(kind: ModuleType, many: Slapd) -> None:
    for number in range(5):
        many.modify(person(many, f"p{number}"), mobile="0170 2222222")
    many.configure(size_limit=3)
    before = people_checksum()
    done = run(mode=SyncRun.Mode.INCREMENTAL)
    assert (done.state, done.mode) == ("failed", "full")
    assert people_checksum() == before


def test_too_many_changes_are_read_in_pages(many: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.directory.incremental.MOST_CHANGES", 1)
    for number in range(2):
        many.modify(person(many, f"p{number}"), mobile="0170 2222222")
    done = run(mode=SyncRun.Mode.INCREMENTAL)
    assert (done.mode, done.counts["updated"]) == ("full", 2)


def test_server_without_a_history_is_read_whole_each_time(many: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "KINDS", {})
    run()
    done = run(mode=SyncRun.Mode.INCREMENTAL)
    assert (done.mode, done.counts["entries"]) == ("full", 12)
    assert "nothing to go on from" in done.message


def test_ids_are_counted_no_more_often_than_was_set(many: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "KINDS", {timestamps.KIND: timestamps})
    run()
    many.delete(person(many, "p1"))
    assert run(mode=SyncRun.Mode.INCREMENTAL).counts["deactivated"] == 0
    later = timezone.now() + timedelta(minutes=61)
    assert run(mode=SyncRun.Mode.INCREMENTAL, now=lambda: later).counts["deactivated"] == 1


@pytest.fixture
def follower(many: Slapd, server: Server) -> Iterator[changes.LdapFollower]:
    with FollowedLdapReader(server, count_every=timedelta()).follow() as follower:
        yield follower


@pytest.mark.parametrize("code", [changes.REFRESH_REQUIRED, None])
def test_server_that_asks_for_a_new_beginning_is_understood(
    follower: changes.LdapFollower, monkeypatch: pytest.MonkeyPatch, code: int | None
) -> None:
    now = timezone.now()
    since = follower.position(now=now)

    def refuse(*arguments: object, **options: object) -> None:
        raise ldap.LDAPError({"result": code}) if code else ldap.UNWILLING_TO_PERFORM()

    monkeypatch.setattr(follower._link, "search_ext", refuse)
    with pytest.raises(PositionLost):
        follower.changes(since, now=now)


def test_people_are_found_by_id_and_by_dn_and_nobody_else_is(many: Slapd, follower: changes.LdapFollower) -> None:
    ids = {user.directory_id or "" for user in User.objects.filter(username__in=["p1", "p2"])}
    missing = f"uid=nobody,{many.base}"
    found = follower.find([*ids, "00000000-0000-4000-8000-000000000000"], [person(many, "p3"), missing, "no dn"])
    assert {sighting.record().username for sighting in found} == {"p1", "p2", "p3"}
    assert follower.shows_anybody()


def test_server_that_goes_away_ends_the_run_as_failed(many: Slapd, follower: changes.LdapFollower) -> None:
    since = follower.position(now=timezone.now())
    many.stop()
    with pytest.raises((DirectoryError, ldap.LDAPError)):
        follower.changes(since, now=timezone.now())
