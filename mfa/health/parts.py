"""How every part of the portal is, by rows alone: no server but the database is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count, Max, Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django_celery_beat.models import PeriodicTask

from accounts.directory import configuration
from accounts.models import SyncAlarm, SyncRun
from mfa.health import clocks, words
from mfa.health.watch import LATE
from mfa.models import Delivery, Finding

State = Finding.State
SILENT = timedelta(minutes=5)
STALE = timedelta(hours=2)
"""Certificates are looked at each hour."""
WAITS = timedelta(minutes=2)
DELIVERIES = "admin:mfa_delivery_changelist"
LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the page; `at` is when the part was last seen at work, `step` what to do next, `url` where."""

    name: str
    state: Finding.State
    text: str
    at: datetime | None = None
    step: str = ""
    url: str = ""


def all_of_them(*, now: datetime) -> list[Part]:
    """The parts, in the order in which one rests on the other."""
    return [_database(now), *_migrations(now), _worker(now), *_schedules(now), *_directory(now), *_senders(now),
            _outbox(now), *_found(now)]  # fmt: skip


def _database(now: datetime) -> Part:
    off, took = clocks.against_database()
    text = _("answered in %(ms)s ms; its clock and this process's are %(seconds)s s apart") % {
        "ms": round(took * 1000, 1), "seconds": round(abs(off), 2),
    }  # fmt: skip
    if abs(off) <= clocks.OFF:
        return Part(_("Database"), State.OK, text, now)
    return Part(_("Database"), State.BAD, text, now, _("Set both machines' clocks by the same time server."))


def _migrations(now: datetime) -> Iterator[Part]:
    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    name = _("Tables")
    if waiting:
        text = ngettext("%(count)s migration waits", "%(count)s migrations wait", waiting) % {"count": waiting}
        yield Part(name, State.BAD, text, now, _("Run manage.py migrate, then start the portal anew."))
    else:
        yield Part(name, State.OK, _("as this version needs them"), now)


def _worker(now: datetime) -> Part:
    name, heart = _("Broker and workers"), _heart()
    if heart and now - heart.at < SILENT:
        return Part(name, State.OK, _("a job got through"), heart.at)
    step = _("See that beat, the broker and the workers run. Nothing is sent and no directory is read until they do.")
    return Part(name, State.BAD, _("no job got through of late"), heart.at if heart else None, step)


def jobs_get_through(*, now: datetime) -> bool:
    """Whether beat, broker and workers together have done a job of late."""
    heart = _heart()
    return heart is not None and now - heart.at < SILENT


def _heart() -> Finding | None:
    return Finding.objects.filter(part="worker").first()


def _schedules(now: datetime) -> Iterator[Part]:
    step = _("See that beat runs; whether the job itself went wrong is in the workers' log.")
    for task in PeriodicTask.objects.filter(enabled=True).select_related("interval", "crontab").order_by("name"):
        name = _("Schedule: %(name)s") % {"name": words.schedule(task.name)}
        since = task.last_run_at or task.date_changed
        late = task.schedule.remaining_estimate(since) < -LATE
        url = reverse("admin:django_celery_beat_periodictask_changelist")
        text = str(task.interval or task.crontab.human_readable if task.interval or task.crontab else "")
        if late:
            yield Part(name, State.BAD, _("%(pace)s; late") % {"pace": text}, task.last_run_at, step, url)
        else:
            yield Part(name, State.OK, text, task.last_run_at)


def _directory(now: datetime) -> Iterator[Part]:
    name = _("Directory")
    if not configuration.configured():
        yield Part(name, State.OK, _("not configured: local accounts only"), now)
        return
    good = SyncRun.objects.filter(state=SyncRun.State.DONE, dry_run=False).aggregate(at=Max("finished_at"))["at"]
    alarm, runs = SyncAlarm.objects.filter(is_open=True).first(), reverse("admin:accounts_syncrun_changelist")
    if alarm:
        step = _("Open the directory runs: the last one says what stopped it.")
        yield Part(name, State.BAD, alarm.get_trouble_display(), good, step, runs)
    elif good is None:
        yield Part(name, State.WARN, _("no good run yet"), None, _("Start a run under directory runs."), runs)
    else:
        yield Part(name, State.OK, _("last good run"), good)


def _senders(now: datetime) -> Iterator[Part]:
    for gateway in settings.SMS_GATEWAYS:
        yield _sender(_("SMS gateway %(name)s") % {"name": gateway}, Q(channel="sms", gateway=gateway), now)
    yield _sender(_("Mail"), Q(channel="mail"), now)


def _sender(name: str, own: Q, now: datetime) -> Part:
    sent = Delivery.objects.filter(own, created_at__gt=now - LOOK_BACK)
    last = sent.aggregate(at=Max("handed_over_at"))["at"]
    recent: dict[str, Any] = sent.filter(created_at__gt=now - timedelta(hours=1)).aggregate(
        failed=Count("pk", filter=Q(state__in=[Delivery.State.FAILED, Delivery.State.UNCERTAIN])), all=Count("pk")
    )
    text = _("%(failed)s of %(all)s messages of the last hour failed") % recent
    if not recent["all"]:
        return Part(name, State.OK, _("no message in the last hour"), last)
    if not recent["failed"]:
        return Part(name, State.OK, text, last)
    state = State.BAD if recent["failed"] * 2 > recent["all"] else State.WARN
    step = _("Open a failed message under deliveries: it holds what was said.")
    return Part(name, state, text, last, step, f"{reverse(DELIVERIES)}?state__exact=failed")


def _outbox(now: datetime) -> Part:
    waiting = Delivery.objects.filter(state__in=[Delivery.State.QUEUED, Delivery.State.SENDING])
    queue: dict[str, Any] = waiting.aggregate(count=Count("pk"), oldest=Min("created_at"))
    text = ngettext("%(count)s message waits", "%(count)s messages wait", queue["count"]) % queue
    if queue["oldest"] is None or now - queue["oldest"] < WAITS:
        return Part(_("Outbox"), State.OK, text, queue["oldest"] or now)
    step = _("See that the workers run, and that gateways and mail server take messages.")
    return Part(_("Outbox"), State.WARN, text, queue["oldest"], step, f"{reverse(DELIVERIES)}?state__exact=queued")


def _found(now: datetime) -> Iterator[Part]:
    """What the watch kept; a finding that should have been renewed says nothing about today."""
    for finding in Finding.objects.exclude(part="worker"):
        told = words.sentence(finding)
        good_for = STALE if finding.part.startswith("certificate:") else SILENT
        if finding.state == State.OK and now - finding.at > good_for:
            step = _("Nobody looked since: see that beat, the broker and the workers run.")
            yield Part(told.part, State.UNKNOWN, _("%(text)s, when last looked at") % {"text": told.text},
                       finding.at, step)  # fmt: skip
        else:
            yield Part(told.part, State(finding.state), told.text, finding.at, told.step, told.url)
