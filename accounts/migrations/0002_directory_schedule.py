"""The schedule of the directory sync, which admins may change afterwards; their changes are kept."""

from __future__ import annotations

import json
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SYNC = "accounts.tasks.sync_directory"
EVERYBODY, CHANGED = "Directory sync: everybody", "Directory sync: what changed"
ARGUMENTS = {EVERYBODY: {"mode": "full"}, CHANGED: {"mode": "incremental"}}
NIGHTLY = {"minute": "10", "hour": "2"}
SCHEDULES = [
    (
        CHANGED,
        SYNC,
        (15, "minutes"),
        900,
        "Brings what changed in the directory since the last run. Nothing happens while there is none.",
    ),
    (
        "Directory sync: go on after a kill",
        "accounts.tasks.resume_killed",
        (1, "minutes"),
        60,
        "Starts a run again whose worker was killed.",
    ),
    (
        "Directory sync: tell when runs fail",
        "accounts.tasks.watch_runs",
        (1, "minutes"),
        60,
        "Sends a mail to the admins when runs fail, are stopped or stay away, and one when all is well again.",
    ),
    (
        "Directory numbers whose rest is over",
        "accounts.tasks.bring_rested_numbers",
        (1, "minutes"),
        60,
        "Lets numbers of the directory count that rested in place of a confirmed one.",
    ),
    (
        "Numbers that wait for the directory",
        "accounts.tasks.write_back_due",
        (1, "minutes"),
        60,
        "Writes confirmed numbers to the directory, where PHONE_AUTHORITY is write_back.",
    ),
]


def add(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schedules = apps.get_model("django_celery_beat", "IntervalSchedule")
    for name, task, (every, period), expires, description in SCHEDULES:
        interval = schedules.objects.filter(every=every, period=period).first()
        interval = interval or schedules.objects.create(every=every, period=period)
        _job(apps, name, task=task, interval=interval, expire_seconds=expires, description=description)
    nightly, _ = apps.get_model("django_celery_beat", "CrontabSchedule").objects.get_or_create(**NIGHTLY)
    words = "Brings everybody and their phone numbers from the directory. Nothing happens while there is none."
    _job(apps, EVERYBODY, task=SYNC, crontab=nightly, expire_seconds=3600, description=words)


def _job(apps: Apps, name: str, **values: Any) -> None:
    values["kwargs"] = json.dumps(ARGUMENTS.get(name, {}))
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(name=name, defaults=values)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    tasks = apps.get_model("django_celery_beat", "PeriodicTask")
    tasks.objects.filter(name__in=[EVERYBODY, *(schedule[0] for schedule in SCHEDULES)]).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("django_celery_beat", "0019_alter_periodictasks_options")]

    operations = [migrations.RunPython(add, remove)]
