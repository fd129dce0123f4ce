"""Directory runs in trouble: who is told, how often, and what. With a real directory that fails in real ways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from accounts.directory import alarms
from accounts.models import SyncAlarm, SyncRun, User
from accounts.tasks import watch_runs
from mfa.delivery import outbox
from mfa.models import AuditEvent, Delivery
from tests.accounts.directory.places import run, settings_for
from tests.mfa.doors import give_role
from tests.services.slapd import Slapd

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def directory(slapd: Slapd, settings: LazySettings) -> Slapd:
    slapd.reset()
    for name, value in settings_for(slapd).items():
        setattr(settings, name, value)
    settings.ALARM_MAIL = ["team@example.test"]
    slapd.add_person("alice")
    return slapd


@pytest.fixture
def named(settings: LazySettings) -> None:
    """A directory is named, and nobody asks it."""
    settings.LDAP_URL = "ldaps://directory.example.test"
    settings.ALARM_MAIL = ["team@example.test"]


def made(state: str, *, mode: str = "full", ended: datetime | None = None, **columns: object) -> SyncRun:
    ended = ended or timezone.now()
    return SyncRun.objects.create(
        trigger="schedule", state=state, mode=mode, started_at=ended, finished_at=ended, **columns
    )


def watch(after: timedelta = timedelta()) -> list[str]:
    """The subjects of the mails that are queued by now, the watch having looked once more."""
    alarms.watch(now=timezone.now() + after)
    return subjects()


def subjects() -> list[str]:
    return [delivery.subject.removeprefix("Directory sync: ") for delivery in Delivery.objects.order_by("pk")]


@pytest.mark.row("T-50")
@pytest.mark.row("F-02")
def test_a_directory_that_fails_and_then_shows_nobody_is_told_once_each_and_so_is_the_recovery(
    directory: Slapd,
) -> None:
    run()
    assert watch() == []
    directory.stop()
    failed = run()
    assert watch() == ["a run failed"]
    run()
    assert watch() == ["a run failed"], "another try of the same incident"
    directory.start()
    directory.configure(people_visible=False)
    stopped = run()
    assert watch() == ["a run failed", "a guard stopped a run"]
    directory.configure()
    good = run()
    assert watch() == ["a run failed", "a guard stopped a run", "all is well again"]
    assert watch() == ["a run failed", "a guard stopped a run", "all is well again"]
    first, second, third = map(outbox.read, Delivery.objects.order_by("pk"))
    assert f"{failed.message}\n" in first
    assert f"https://portal.test/admin/accounts/syncrun/{failed.pk}/change/" in first
    assert "The directory answered with nobody at all." in second
    assert f"/admin/accounts/syncrun/{stopped.pk}/change/" in second
    assert f"/admin/accounts/syncrun/{good.pk}/change/" in third
    for text in (first, second, third):
        assert directory.password not in text
        assert directory.bind_dn not in text
        assert "link removed" not in text
    assert not Delivery.objects.exclude(recipient="team@example.test", user=None).exists()
    assert AuditEvent.objects.filter(action="runs.in-trouble").count() == 2
    directory.stop()
    run()
    assert watch()[3:] == ["a run failed"], "a new incident"
    directory.start()


def test_a_dry_run_that_fails_is_nobodys_alarm(named: None) -> None:
    made("done")
    made("failed", dry_run=True)
    made("stopped", mode="undo")
    assert watch() == []


def test_a_run_that_was_killed_is_told_only_when_it_goes_on(named: None) -> None:
    made("done")
    made("killed")
    made("killed")
    assert watch() == []
    last = made("killed")
    assert watch() == ["runs were ended from outside again and again"]
    assert SyncAlarm.objects.get().run == last
    made("running")
    assert len(watch()) == 1
    SyncRun.objects.filter(state="running").update(state="done", finished_at=timezone.now())
    assert watch()[1:] == ["all is well again"]


def test_a_kill_does_not_hide_the_failure_before_it(named: None) -> None:
    made("failed")
    made("killed")
    assert watch() == ["a run failed"]


def test_small_runs_do_not_make_up_for_a_full_one_but_a_full_one_does_for_them(named: None) -> None:
    made("stopped")
    made("done", mode="incremental")
    assert watch() == ["a guard stopped a run"]
    made("done")
    assert watch()[1:] == ["all is well again"]
    made("failed", mode="incremental")
    assert watch()[2:] == ["a run failed"]
    made("done")
    assert watch()[3:] == ["all is well again"]


def test_runs_that_stay_away_are_told_after_the_hours_of_the_setting(named: None, settings: LazySettings) -> None:
    settings.SYNC_ALARM_HOURS = 3
    made("done", ended=timezone.now() - 2 * HOUR)
    assert watch() == []
    assert watch(after=2 * HOUR) == ["no run came to its end"]
    assert "has come to its end for 3 hours" in outbox.read(Delivery.objects.get())
    made("done")
    assert watch() == ["no run came to its end", "all is well again"]


def test_a_new_portal_gets_as_long_for_its_first_run(named: None) -> None:
    assert watch() == []
    assert watch(after=23 * HOUR) == []
    assert watch(after=25 * HOUR) == ["no run came to its end"]


def test_a_first_run_in_time_is_no_news(named: None) -> None:
    watch()
    made("done")
    assert watch() == []
    assert not SyncAlarm.objects.filter(is_open=True).exists()


@pytest.mark.parametrize("why", ["no directory", "no schedule", "no hours"])
def test_nobody_waits_for_runs_that_nobody_wants(named: None, settings: LazySettings, why: str) -> None:
    made("done", ended=timezone.now() - 100 * HOUR)
    if why == "no directory":
        settings.LDAP_URL = ""
    elif why == "no schedule":
        PeriodicTask.objects.filter(task="accounts.tasks.sync_directory").update(enabled=False)
    else:
        settings.SYNC_ALARM_HOURS = 0
    assert watch() == []


def test_an_alarm_ends_without_a_word_where_the_directory_was_taken_away(named: None, settings: LazySettings) -> None:
    made("failed")
    assert len(watch()) == 1
    settings.LDAP_URL = ""
    assert len(watch()) == 1
    assert not SyncAlarm.objects.filter(is_open=True).exists()


def test_without_the_setting_active_admins_with_a_mailbox_are_told(
    named: None, settings: LazySettings, make_user: Callable[..., User]
) -> None:
    settings.ALARM_MAIL = []
    give_role(make_user("anna", name="Anna Admin"), "admin")
    give_role(make_user("aron", email=""), "admin")
    give_role(make_user("away", is_active=False), "admin")
    give_role(make_user("helper"), "helpdesk")
    User.objects.create_superuser("root", None, email="root@example.test")
    make_user("plain")
    made("failed")
    watch()
    assert sorted(Delivery.objects.values_list("user__username", flat=True)) == ["anna", "root"]
    assert "Hello Anna Admin," in outbox.read(Delivery.objects.get(user__username="anna"))


def test_the_list_of_runs_says_that_something_is_wrong(named: None, staff: Callable[..., Client]) -> None:
    made("stopped")
    client = staff("auditor")
    assert b"a guard stopped a run. Until" not in client.get("/admin/accounts/syncrun/", secure=True).content
    watch()
    assert b"a guard stopped a run. Until" in client.get("/admin/accounts/syncrun/", secure=True).content
    made("done")
    watch()
    assert b"a guard stopped a run. Until" not in client.get("/admin/accounts/syncrun/", secure=True).content


def test_with_nobody_to_tell_the_log_has_it(
    named: None, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ALARM_MAIL = []
    made("failed")
    watch_runs()
    assert "nobody to tell about directory runs" in caplog.text
    assert SyncAlarm.objects.get().told == ",failed,"


def test_two_watches_open_one_alarm(named: None) -> None:
    SyncAlarm.objects.create(trouble="failed", began_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        SyncAlarm.objects.create(trouble="failed", began_at=timezone.now())
