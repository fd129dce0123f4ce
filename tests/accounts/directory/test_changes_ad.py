"""Runs of what changed, on a real Active Directory domain controller: by its counter of writes and its tombstones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from accounts.models import SyncRun, User
from tests.accounts.directory.active_directory import settings_for
from tests.accounts.directory.places import run
from tests.services.samba import Samba
from tests.services.servers.samba import ADMINISTRATOR

pytestmark = pytest.mark.django_db
TOUCHED = ("created", "updated", "deactivated", "reactivated")
PASSWORD = "Correct-horse-1"


@pytest.fixture(params=["ordinary", "sees what was deleted"])
def domain(request: pytest.FixtureRequest, samba: Samba, settings: LazySettings) -> Samba:
    """Four people, read by a full run, with a service account of either kind."""
    samba.reset()
    for name, value in settings_for(samba).items():
        setattr(settings, name, value)
    settings.SYNC_COUNT_EVERY_MINUTES = 0
    if request.param != "ordinary":
        settings.LDAP_BIND_DN, settings.LDAP_BIND_PASSWORD = ADMINISTRATOR, samba.administrator_password
        settings.SYNC_COUNT_EVERY_MINUTES = 100_000
    settings.LDAP_USER_BASE = inside(samba)
    for branch in (inside(samba), outside(samba)):
        samba.add(branch, {"objectClass": "organizationalUnit"})
    for number in range(4):
        samba.add_person(f"p{number}", PASSWORD, base=inside(samba), mobile=f"07400 12345{number}")
    assert run().state == SyncRun.State.DONE
    return samba


def inside(samba: Samba) -> str:
    return f"OU=inside,{samba.base}"


def outside(samba: Samba) -> str:
    return f"OU=outside,{samba.base}"


def what_changed(**expected: int) -> SyncRun:
    """A run of what changed that did just that, after which a run of everybody has nothing to add."""
    done = run(mode=SyncRun.Mode.INCREMENTAL)
    assert (done.state, done.mode, done.message) == ("done", "incremental", "")
    assert {name: done.counts[name] for name in TOUCHED} == dict.fromkeys(TOUCHED, 0) | expected
    everybody = run(dry_run=True)
    assert {name: everybody.counts[name] for name in TOUCHED} == dict.fromkeys(TOUCHED, 0)
    return done


def test_a_day_of_changes_is_found_by_the_counter_of_writes(domain: Samba) -> None:
    assert what_changed().counts["entries"] == 0
    domain.modify(f"CN=p0,{inside(domain)}", mobile="07400 222222")
    domain.disable(f"CN=p1,{inside(domain)}")
    domain.delete(f"CN=p2,{inside(domain)}")
    domain.add_person("new", PASSWORD, base=inside(domain))
    what_changed(created=1, updated=1, deactivated=2)
    assert User.objects.get(username="p0").phone == "+447400222222"
    domain.enable(f"CN=p1,{inside(domain)}")
    domain.add_person("p2", PASSWORD, base=inside(domain), mobile="07400 333333")
    what_changed(created=1, reactivated=1, updated=1)
    assert User.objects.get(username="p2").phone == "+447400333333"
    domain.rename(f"CN=p3,{inside(domain)}", "CN=p3", new_superior=f"{outside(domain)}")
    what_changed(deactivated=1)
    domain.rename(f"CN=p3,{outside(domain)}", "CN=p3", new_superior=inside(domain))
    what_changed(reactivated=1)


def test_other_controller_one_that_was_set_back_and_a_renamed_branch_have_everybody_read(domain: Samba) -> None:
    last = SyncRun.objects.latest("pk")
    for change, words in (
        ({"server": "CN=elsewhere"}, "another domain controller"),
        ({"usn": last.position["usn"] + 100_000}, "set back"),
        ({"branches": "others"}, "a branch"),
    ):
        domain.modify(f"CN=p0,{inside(domain)}", description=words)
        last = SyncRun.objects.exclude(position={}).latest("pk")
        SyncRun.objects.filter(pk=last.pk).update(position={**last.position, **change})
        done = run(mode=SyncRun.Mode.INCREMENTAL)
        assert (done.state, done.mode) == ("done", "full")
        assert words in done.message


def test_who_left_a_group_that_the_filter_asks_for_is_found_by_counting(samba: Samba, settings: LazySettings) -> None:
    """Membership changes the group alone: the counter of the person stands still."""
    samba.reset()
    for name, value in settings_for(samba).items():
        setattr(settings, name, value)
    group = f"CN=portal,{samba.base}"
    people = [samba.add_person(f"p{number}", PASSWORD) for number in range(3)]
    samba.add(group, {"objectClass": "group", "sAMAccountName": "portal", "member": people[:2]})
    settings.LDAP_USER_FILTER = f"(&(objectClass=user)(memberOf={group}))"
    run()
    samba.modify(group, member=people[1:])
    done = run(mode=SyncRun.Mode.INCREMENTAL, now=lambda: timezone.now() + timedelta(hours=2))
    assert (done.mode, done.counts["deactivated"], done.counts["created"]) == ("incremental", 1, 1)
