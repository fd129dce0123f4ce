"""Schedules in the admin: only jobs that exist, changes audited, nothing to press for who may only look."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from mfa.models import AuditEvent

JOBS = "/admin/django_celery_beat/periodictask/"
JOB = "mfa.delivery.tasks.deliver"
SYNC = "accounts.tasks.sync_directory"


def form(schedule: IntervalSchedule, **fields: str) -> dict[str, str]:
    return {
        "name": "Nightly", "task": JOB, "enabled": "on", "interval": str(schedule.pk), "args": "[]", "kwargs": "{}",
    } | fields  # fmt: skip


@pytest.fixture
def hourly(db: None) -> IntervalSchedule:
    return IntervalSchedule.objects.create(every=1, period="hours")


def test_an_admin_makes_changes_and_deletes_a_schedule_and_all_is_audited(
    staff: Callable[..., Client], hourly: IntervalSchedule
) -> None:
    client = staff("admin")
    assert client.post(f"{JOBS}add/", form(hourly), secure=True).status_code == 302
    job = PeriodicTask.objects.get(name="Nightly")
    client.post(f"{JOBS}{job.pk}/change/", form(hourly, description="at night"), secure=True)
    client.post(f"{JOBS}{job.pk}/delete/", {"post": "yes"}, secure=True)
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == [
        "schedule.added", "schedule.changed", "schedule.deleted",
    ]  # fmt: skip
    assert not PeriodicTask.objects.filter(name="Nightly").exists()


@pytest.mark.parametrize(
    "bad",
    [
        {"task": "os.system"},
        {"task": ""},
        {"args": "["},
        {"kwargs": "x"},
        {"kwargs": "[]"},
        {"task": SYNC, "kwargs": '{"trigger": "admin", "actor_id": 1}'},
        {"task": SYNC, "args": '["admin", 1]'},
        {"interval": ""},
        {"interval": "x"},
        {"name": ""},
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(
    staff: Callable[..., Client], hourly: IntervalSchedule, bad: dict[str, str]
) -> None:
    answer = staff("admin").post(f"{JOBS}add/", form(hourly, **bad), secure=True)
    assert answer.status_code == 200
    assert answer.context["errors"]
    assert not PeriodicTask.objects.filter(name="Nightly").exists()


def test_switching_on_and_off_is_an_act_of_who_may_change(
    staff: Callable[..., Client], hourly: IntervalSchedule
) -> None:
    job = PeriodicTask.objects.create(name="Nightly", task=JOB, interval=hourly)
    press = {"action": "switch_off", "_selected_action": [job.pk], "index": "0"}
    staff("auditor").post(JOBS, press, secure=True)
    job.refresh_from_db()
    assert job.enabled
    staff("admin").post(JOBS, press, secure=True)
    job.refresh_from_db()
    assert not job.enabled
    assert AuditEvent.objects.get().action == "schedule.switched-off"


def test_the_packages_other_pages_and_its_job_starter_are_gone(
    staff: Callable[..., Client], hourly: IntervalSchedule
) -> None:
    client = staff("admin")
    for model in ("solarschedule", "clockedschedule"):
        assert client.get(f"/admin/django_celery_beat/{model}/", secure=True).status_code == 404
    assert b"run_tasks" not in client.get(JOBS, secure=True).content
    assert b"<script>" not in client.get(f"{JOBS}add/", secure=True).content


def test_schedules_have_the_same_name_in_the_navigation_and_on_their_pages(
    staff: Callable[..., Client], hourly: IntervalSchedule
) -> None:
    client = staff("admin")
    client.post(f"{JOBS}add/", form(hourly), secure=True)
    for path, heading in (("", "Schedules"), ("add/", "New schedule")):
        page = client.get(f"{JOBS}{path}", secure=True).content.decode()
        assert f"<h1>{heading}</h1>" in page
        assert f"<title>{heading} – " in page
