"""The jobs: on schedule, by hand, and again after a kill."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from accounts import tasks
from accounts.directory import alarms
from accounts.models import SyncRun, User
from tests.services.slapd import Slapd

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(minutes=3)


def test_nothing_happens_without_a_directory(settings: LazySettings) -> None:
    settings.LDAP_URL = ""
    tasks.sync_directory()
    assert not SyncRun.objects.exists()


def test_job_runs_the_sync_for_whoever_asked(directory: Slapd, alice: User) -> None:
    directory.add_person("bob")
    tasks.sync_directory(trigger="admin", actor_id=alice.pk, dry_run=True)
    dry = SyncRun.objects.get()
    assert (dry.trigger, dry.actor, dry.dry_run, dry.state) == ("admin", alice, True, "done")
    assert not User.objects.filter(username="bob").exists()
    tasks.sync_directory()
    assert User.objects.filter(username="bob").exists()


@pytest.mark.row("T-55d")
def test_job_that_comes_twice_runs_once(directory: Slapd) -> None:
    SyncRun.objects.create(trigger="schedule")
    tasks.sync_directory()
    assert SyncRun.objects.count() == 1


def silent(trigger: str = "schedule", **more: object) -> SyncRun:
    then = timezone.now() - LONG_AGO
    return SyncRun.objects.create(trigger=trigger, started_at=then, heartbeat_at=then, **more)


@pytest.mark.row("F-06")
@pytest.mark.parametrize("trigger", ["schedule", "admin"])
def test_run_of_a_killed_worker_is_begun_again(directory: Slapd, alice: User, trigger: str) -> None:
    directory.add_person("bob")
    dead = silent(trigger, actor=alice)
    tasks.resume_killed()
    dead.refresh_from_db()
    again = SyncRun.objects.exclude(pk=dead.pk).get()
    assert (dead.state, again.state, again.trigger, again.actor) == ("killed", "done", trigger, alice)
    tasks.resume_killed()
    assert SyncRun.objects.count() == 2


def test_run_of_a_shell_and_a_dry_run_are_not_begun_again(directory: Slapd) -> None:
    silent("shell")
    tasks.resume_killed()
    assert SyncRun.objects.get().state == "killed"
    SyncRun.objects.all().delete()
    silent("admin", dry_run=True)
    tasks.resume_killed()
    assert SyncRun.objects.get().state == "killed"


def test_run_at_work_is_left_alone(directory: Slapd) -> None:
    SyncRun.objects.create(trigger="schedule")
    tasks.resume_killed()
    assert SyncRun.objects.get().state == "running"


def test_what_is_killed_again_and_again_waits_for_the_schedule(directory: Slapd) -> None:
    for _ in range(alarms.MOST_KILLS - 1):
        SyncRun.objects.create(trigger="schedule", state="killed")
    silent()
    tasks.resume_killed()
    assert SyncRun.objects.count() == alarms.MOST_KILLS


def test_schedules_are_there_and_name_real_jobs() -> None:
    jobs = {job.name: job for job in PeriodicTask.objects.filter(task__startswith="accounts.")}
    assert {job.task for job in jobs.values()} >= {tasks.sync_directory.name, tasks.resume_killed.name}
    everybody, changed = jobs["Directory sync: everybody"], jobs["Directory sync: what changed"]
    assert (everybody.crontab.hour, json.loads(everybody.kwargs)) == ("2", {"mode": "full"})
    assert (changed.interval.every, changed.interval.period) == (15, "minutes")
    assert json.loads(changed.kwargs) == {"mode": "incremental"}


def test_job_runs_what_changed_and_resumes_such_a_run_as_such(directory: Slapd) -> None:
    directory.add_person("bob")
    tasks.sync_directory()
    tasks.sync_directory(mode="incremental")
    dead = silent("schedule", mode="incremental")
    tasks.resume_killed()
    again = SyncRun.objects.exclude(pk=dead.pk).latest("pk")
    assert (again.state, again.mode) == ("done", "incremental")
