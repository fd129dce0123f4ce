"""The schedules of the outbox's sweep, of reminders, of alarms and of the nightly clean-up; their pace can be changed in the admin."""

from django.db import migrations

TASK = "mfa.delivery.tasks.sweep"
CLEAN_UP = "mfa.tasks.clean_up"
REMIND = "mfa.tasks.remind"
WATCH = "mfa.tasks.watch_messages"
HEALTH = "mfa.tasks.watch_health"
LISTS = "mfa.tasks.sweep_lists"


def add(apps, schema_editor):
    every, _ = apps.get_model("django_celery_beat", "IntervalSchedule").objects.get_or_create(every=20, period="seconds")
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name="Outbox: send what waits", defaults={"task": TASK, "interval": every, "expire_seconds": 20}
    )
    nightly, _ = apps.get_model("django_celery_beat", "CrontabSchedule").objects.get_or_create(minute="20", hour="3")
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name="Delete what is over", defaults={"task": CLEAN_UP, "crontab": nightly, "expire_seconds": 3600}
    )
    quarter, _ = apps.get_model("django_celery_beat", "IntervalSchedule").objects.get_or_create(every=15, period="minutes")
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name="Remind of rules and exemptions", defaults={"task": REMIND, "interval": quarter, "expire_seconds": 900}
    )
    minute, _ = apps.get_model("django_celery_beat", "IntervalSchedule").objects.get_or_create(every=1, period="minutes")
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name="Watch the codes that are sent", defaults={"task": WATCH, "interval": minute, "expire_seconds": 60}
    )
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name="Watch the parts of the portal", defaults={"task": HEALTH, "interval": minute, "expire_seconds": 60}
    )
    apps.get_model("django_celery_beat", "PeriodicTask").objects.get_or_create(
        name="Go on with acts on lists", defaults={"task": LISTS, "interval": minute, "expire_seconds": 60}
    )


def remove(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(task__in=(TASK, CLEAN_UP, REMIND, WATCH, HEALTH, LISTS)).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("mfa", "0002_roles"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(add, remove, elidable=False)]
