"""The schedule of the directory sync, which admins may change afterwards; their changes are kept."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SCHEDULES = [
    (
        "Directory sync",
        "accounts.tasks.sync_directory",
        (1, "hours"),
        3600,
        "Brings people and their phone numbers from the directory. Nothing happens while there is none.",
    ),
    (
        "Directory sync: go on after a kill",
        "accounts.tasks.resume_killed",
        (1, "minutes"),
        60,
        "Starts a run again whose worker was killed.",
    ),
    (
        "Directory numbers whose rest is over",
        "accounts.tasks.bring_rested_numbers",
        (1, "minutes"),
        60,
        "Lets numbers of the directory count that rested in place of a confirmed one.",
    ),
]


def add(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schedules = apps.get_model("django_celery_beat", "IntervalSchedule")
    tasks = apps.get_model("django_celery_beat", "PeriodicTask")
    for name, task, (every, period), expires, description in SCHEDULES:
        interval = schedules.objects.filter(every=every, period=period).first()
        interval = interval or schedules.objects.create(every=every, period=period)
        values = {"task": task, "interval": interval, "expire_seconds": expires, "description": description}
        tasks.objects.get_or_create(name=name, defaults=values)


def remove(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    tasks = apps.get_model("django_celery_beat", "PeriodicTask")
    tasks.objects.filter(name__in=[schedule[0] for schedule in SCHEDULES]).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("django_celery_beat", "0019_alter_periodictasks_options")]

    operations = [migrations.RunPython(add, remove)]
