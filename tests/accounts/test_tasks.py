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
from mfa.models import AuditEvent
from tests.mfa.doors import give_role
from tests.services.slapd import Slapd

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(minutes=3)


def test_nothing_happens_without_a_directory(settings: LazySettings) -> None:
    settings.LDAP_URL = ""
    tasks.sync_directory()
    assert not SyncRun.objects.exists()


@pytest.fixture
def boss(alice: User) -> User:
    return give_role(alice, "admin")


def test_job_runs_the_sync_for_whoever_asked(directory: Slapd, boss: User) -> None:
    directory.add_person("bob")
    tasks.sync_directory(trigger="admin", actor_id=boss.pk, dry_run=True)
    dry = SyncRun.objects.get()
    assert (dry.trigger, dry.actor, dry.dry_run, dry.state) == ("admin", boss, True, "done")
    assert not User.objects.filter(username="bob").exists()
    tasks.sync_directory()
    assert User.objects.filter(username="bob").exists()


@pytest.mark.row("T-55d")
def test_job_that_comes_twice_runs_once(directory: Slapd) -> None:
    SyncRun.objects.create(trigger="schedule")
    tasks.sync_directory()
    assert SyncRun.objects.count() == 1


@pytest.mark.row("A-8.3.2")
@pytest.mark.parametrize("lost", [{"is_active": False}, {"is_staff": False}, {"groups": ()}])
def test_a_job_whose_asker_lost_the_right_while_it_waited_is_refused_and_in_the_trail(
    directory: Slapd, boss: User, lost: dict[str, object]
) -> None:
    directory.add_person("bob")
    tasks.sync_directory()
    done = SyncRun.objects.get()
    stopped = SyncRun.objects.create(trigger="admin", state="stopped", plan_digest="x", counts={"guard": "people_lost"})
    if "groups" in lost:
        boss.groups.clear()
    else:
        User.objects.filter(pk=boss.pk).update(**lost)
    tasks.undo_run(done.pk, actor_id=boss.pk)
    tasks.sync_directory(trigger="admin", actor_id=boss.pk, confirms_id=stopped.pk)
    tasks.sync_directory(actor_id=boss.pk, confirms_id=stopped.pk)
    tasks.sync_directory(trigger="admin", actor_id=boss.pk)
    assert SyncRun.objects.count() == 2
    assert User.objects.get(username="bob").is_active
    asked = AuditEvent.objects.filter(actor=boss).order_by("pk").values_list("action", "details")
    assert list(asked) == [
        ("sync.undo-refused", {"run": done.pk}),
        ("sync.confirm-refused", {"run": stopped.pk}),
        ("sync.confirm-refused", {"run": stopped.pk}),
        ("sync.request-refused", {"run": None}),
    ]


def test_a_killed_run_is_not_begun_again_for_who_may_not_ask_for_it(directory: Slapd, alice: User) -> None:
    silent("admin", actor=alice)
    tasks.resume_killed()
    assert SyncRun.objects.get().state == "killed"


def silent(trigger: str = "schedule", **more: object) -> SyncRun:
    then = timezone.now() - LONG_AGO
    return SyncRun.objects.create(trigger=trigger, started_at=then, heartbeat_at=then, **more)


@pytest.mark.row("F-06")
@pytest.mark.parametrize("trigger", ["schedule", "admin"])
def test_run_of_a_killed_worker_is_begun_again(directory: Slapd, boss: User, trigger: str) -> None:
    directory.add_person("bob")
    dead = silent(trigger, actor=boss)
    tasks.resume_killed()
    dead.refresh_from_db()
    again = SyncRun.objects.exclude(pk=dead.pk).get()
    assert (dead.state, again.state, again.trigger, again.actor) == ("killed", "done", trigger, boss)
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
