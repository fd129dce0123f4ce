"""When the directory runs are in trouble, and when all is well again. Each is told once, whatever is tried in between.

What is told follows from the rows of the runs alone, so that nothing is missed when a run, its worker or this watch is
killed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django_celery_beat.models import PeriodicTask

from accounts.directory import configuration
from accounts.models import SyncAlarm, SyncRun
from accounts.signals import runs_in_trouble, runs_well_again

SCHEDULED = "accounts.tasks.sync_"
MOST_KILLS = 3
"""So many runs ended from outside in a row are no accident: they are not begun again before the schedule does."""


class Trouble(NamedTuple):
    """What is wrong, by which run, and from when it is to be told; None for a patience that begins when it is seen."""

    kind: SyncAlarm.Trouble
    run: SyncRun | None
    tell_at: datetime | None


@transaction.atomic
def watch(*, now: datetime) -> None:
    """Look at the runs, and tell the rooms above what nobody was told yet."""
    trouble = find(now)
    alarm = SyncAlarm.objects.select_for_update().filter(is_open=True).first()
    if trouble:
        _raise(trouble, alarm or _opened(trouble, now), now)
    elif alarm:
        _end(alarm, now)


def _opened(trouble: Trouble, now: datetime) -> SyncAlarm | None:
    """A new alarm; None where another watch was quicker."""
    try:
        with transaction.atomic():
            return SyncAlarm.objects.create(trouble=trouble.kind, run=trouble.run, began_at=now)
    except IntegrityError:
        return None


def _raise(trouble: Trouble, alarm: SyncAlarm | None, now: datetime) -> None:
    if alarm is None:
        return
    word = f",{trouble.kind.value},"
    tell_at = trouble.tell_at or alarm.began_at + _patience()
    if word in alarm.told or now < tell_at:
        return
    alarm.trouble, alarm.run, alarm.told = trouble.kind, trouble.run, f"{alarm.told.rstrip(',')}{word}"
    alarm.save(update_fields=["trouble", "run", "told"])
    runs_in_trouble.send(sender=SyncAlarm, alarm=alarm, now=now)


def _end(alarm: SyncAlarm, now: datetime) -> None:
    """Told only to whom the trouble was told, and not where there is no directory any more."""
    alarm.is_open, alarm.over_at = False, now
    alarm.save(update_fields=["is_open", "over_at"])
    if alarm.told and configuration.configured():
        runs_well_again.send(sender=SyncAlarm, alarm=alarm, now=now)


def find(now: datetime) -> Trouble | None:
    """What is wrong with the runs now. A good full run makes up for everything before it."""
    if not configuration.configured():
        return None
    ended = _real().exclude(state=SyncRun.State.RUNNING)
    good = ended.filter(mode=SyncRun.Mode.FULL, state=SyncRun.State.DONE).first()
    since = ended.filter(pk__gt=good.pk) if good else ended
    everybody, changed = (_of(since.filter(mode=mode)) for mode in (SyncRun.Mode.FULL, SyncRun.Mode.INCREMENTAL))
    return everybody or changed or _missing(now)


def _real() -> QuerySet[SyncRun]:
    """Runs that are for good, the latest first."""
    modes = (SyncRun.Mode.FULL, SyncRun.Mode.INCREMENTAL)
    return SyncRun.objects.filter(dry_run=False, mode__in=modes).order_by("-pk")


def _of(runs: QuerySet[SyncRun]) -> Trouble | None:
    """By the latest of these runs. One that was killed says nothing, and is begun again; several say that something
    kills them."""
    latest = list(runs[: MOST_KILLS + 1])
    killed = list(takewhile(lambda run: run.state == SyncRun.State.KILLED, latest))
    if len(killed) >= MOST_KILLS:
        return _by(SyncAlarm.Trouble.KILLED, killed[0])
    told = next((run for run in latest if run not in killed), None)
    if told is None or told.state == SyncRun.State.DONE:
        return None
    stopped = told.state == SyncRun.State.STOPPED
    return _by(SyncAlarm.Trouble.STOPPED if stopped else SyncAlarm.Trouble.FAILED, told)


def _by(kind: SyncAlarm.Trouble, run: SyncRun) -> Trouble:
    return Trouble(kind, run, run.finished_at or run.started_at)


def _missing(now: datetime) -> Trouble | None:
    """Too long since the last good run, where a schedule promises some. Before the first one patience begins now."""
    scheduled = PeriodicTask.objects.filter(task__startswith=SCHEDULED, enabled=True).exists()
    if not settings.SYNC_ALARM_HOURS or not scheduled:
        return None
    good = _real().filter(state=SyncRun.State.DONE).first()
    if good is None:
        return Trouble(SyncAlarm.Trouble.MISSING, None, None)
    until = (good.finished_at or good.started_at) + _patience()
    return Trouble(SyncAlarm.Trouble.MISSING, None, until) if until <= now else None


def _patience() -> timedelta:
    return timedelta(hours=settings.SYNC_ALARM_HOURS)
