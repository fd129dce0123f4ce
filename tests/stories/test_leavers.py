"""People who leave, come back, or whose name somebody else gets: through a real directory, a browser and a shell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import LazySettings, settings
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import leavers
from accounts.models import SyncChange, User, WriteBack
from mfa import codes, retention
from mfa.kinds import Purpose
from mfa.models import AuditEvent, Delivery, Factor, KnownBrowser, OneTimeCode, OpenSession
from tests.accounts.directory.places import run, settings_for
from tests.conftest import PASSWORD
from tests.services.servers.people import person
from tests.services.slapd import Slapd
from tests.stories import acting

pytestmark = pytest.mark.django_db
ALICE = "11111111-0000-4000-8000-000000000001"
NUMBER = "+491701234567"


@pytest.fixture
def company(slapd: Slapd, settings: LazySettings) -> Iterator[Slapd]:
    slapd.reset()
    for name, value in settings_for(slapd).items():
        setattr(settings, name, value)
    slapd.generate_people(5)
    come(slapd, ALICE)
    run()
    yield slapd
    slapd.reset()


def come(directory: Slapd, directory_id: str) -> None:
    values = {"entryUUID": directory_id, "userPassword": PASSWORD, "mobile": NUMBER, "mail": "alice@example.test"}
    directory.bulk_load([person("alice", values)])


def leave(directory: Slapd) -> None:
    directory.delete(f"uid=alice,{directory.base}")
    run()


def alice() -> User:
    return User.objects.get(directory_id=ALICE)


def is_signed_in(client: Client) -> bool:
    return bool(client.get("/", secure=True).status_code == 200)


def opens(client: Client, secret: bytes, steps: int) -> bool:
    """Whether password and the app's code lead in."""
    client.cookies.clear()
    acting.give_password(client, "alice")
    acting.give_code(client, acting.code_of(secret, steps=steps))
    return is_signed_in(client)


@pytest.mark.row("T-74")
def test_whoever_leaves_is_out_at_the_next_click_and_whoever_returns_finds_the_factors(
    company: Slapd, client: Client
) -> None:
    at_work = acting.with_app(client, alice())
    codes.issue(alice(), Purpose.SIGN_IN, length=6, lifetime=timedelta(minutes=5), now=timezone.now())
    assert is_signed_in(client)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    leave(company)
    assert not is_signed_in(client)
    assert not OneTimeCode.objects.filter(ending=OneTimeCode.Ending.LIVE).exists()
    assert not opens(client, at_work.secret, 1)
    come(company, ALICE)
    run()
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert not is_signed_in(client), "a session of before stays ended"
    assert opens(Client(SERVER_NAME="portal.test"), at_work.secret, 1)


@pytest.mark.row("T-54")
def test_a_user_name_that_somebody_new_gets_brings_nothing_with_it(company: Slapd, client: Client) -> None:
    before = acting.with_app(client, alice())
    alice().groups.add(Group.objects.get(name="helpdesk"))
    User.objects.filter(pk=before.user.pk).update(is_staff=True)
    company.delete(f"uid=alice,{company.base}")
    come(company, "22222222-0000-4000-8000-000000000002")
    run()
    newcomer = User.objects.get(username="alice")
    assert newcomer.pk != before.user.pk
    assert (newcomer.is_staff, newcomer.groups.count(), newcomer.factors.count()) == (False, 0, 0)
    assert not is_signed_in(client)
    assert not opens(client, before.secret, 1), "the code of somebody else's app"
    old = alice()
    assert (old.username, old.is_active, old.factors.count()) == ("alice~11111111", False, 1)


@pytest.mark.row("A-14.2.7")
def test_after_the_retention_the_person_is_forgotten_and_the_trail_stands_as_it_was(
    company: Slapd, client: Client
) -> None:
    acting.with_app(client, alice())
    who = alice().pk
    User.objects.filter(pk=who).update(is_staff=True)
    alice().groups.add(Group.objects.get(name="helpdesk"))
    leave(company)
    WriteBack.objects.create(user=alice(), e164="+491701234567", state=WriteBack.State.REFUSED)
    User.objects.create_user(f"~gone-{who}")
    trail = list(AuditEvent.objects.order_by("pk").values_list())
    day = timezone.now() + timedelta(days=180)
    assert retention.clean_up(now=day - timedelta(minutes=5))["leavers"] == 0
    assert Factor.objects.filter(user=who).exists()
    assert retention.clean_up(now=day + timedelta(minutes=5))["leavers"] == 1
    gone = User.objects.get(pk=who)
    assert (gone.username, gone.directory_id, gone.name, gone.email, gone.phone, gone.directory_dn) == (
        f"~GONE-{who}", f"~GONE-{who}", "", "", "", "",
    )  # fmt: skip
    assert (gone.is_active, gone.is_staff, gone.groups.count()) == (False, False, 0)
    for table in (Factor, OneTimeCode, Delivery, OpenSession, KnownBrowser, SyncChange, WriteBack):
        assert not table.objects.filter(user=who).exists()
    *same, last = AuditEvent.objects.order_by("pk").values_list()
    assert same == trail
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.username, event.user_id, last[0]) == ("account.forgotten", "alice", who, event.pk)
    come(company, ALICE)
    run()
    assert alice().pk != who, "somebody new"
    assert alice().factors.count() == 0


def test_nobody_is_forgotten_who_is_local_active_or_kept_for_ever(
    company: Slapd, settings: LazySettings, client: Client
) -> None:
    User.objects.create_user("local", is_active=False, deactivated_at=timezone.now())
    leave(company)
    later = timezone.now() + timedelta(days=400)
    assert list(leavers.due(at=later)) == [alice()]
    settings.LEAVER_RETENTION_DAYS = 0
    assert leavers.forget(now=later) == 0
    settings.LEAVER_RETENTION_DAYS = 1
    assert leavers.forget(now=later) == 1
    assert leavers.forget(now=later) == 0


def test_how_many_would_go_is_told_before(company: Slapd, settings: LazySettings) -> None:
    leave(company)
    User.objects.filter(directory_id=ALICE).update(deactivated_at=timezone.now() - timedelta(days=179, hours=12))
    assert run(dry_run=True).counts["leavers_forgotten_by_tomorrow"] == 1
    told = StringIO()
    call_command("forget_leavers", dry_run=True, stdout=told)
    call_command("forget_leavers", stdout=told)
    assert told.getvalue() == "0 people would be forgotten now, 1 by tomorrow.\n0 people were forgotten.\n"


def test_many_are_forgotten_in_batches(company: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leavers, "BATCH", 2)
    User.objects.update(is_active=False, deactivated_at=timezone.now())
    assert leavers.forget(now=timezone.now() + timedelta(days=181)) == 6
    assert set(User.objects.values_list("email", "phone")) == {("", "")}
