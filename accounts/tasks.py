"""Jobs of the people room. They carry row ids only."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts import users
from accounts.directory import alarms, configuration, life, sync
from accounts.models import SyncRun, User

log = logging.getLogger("accounts.directory")


@shared_task(name="accounts.tasks.sync_directory")
def sync_directory(
    trigger: str = "schedule", actor_id: int | None = None, dry_run: bool = False, mode: str = "full"
) -> None:
    """Run the directory sync, of everybody or with mode "incremental" of what changed; nothing happens without a
    directory or while another run is at work."""
    if not configuration.configured():
        return
    actor = User.objects.filter(pk=actor_id).first() if actor_id else None
    try:
        sync.run(trigger=SyncRun.Trigger(trigger), actor=actor, dry_run=dry_run, mode=SyncRun.Mode(mode))
    except (life.AlreadyRunning, life.RunLost) as refusal:
        log.info("directory sync left to another: %s", refusal)


@shared_task(name="accounts.tasks.resume_killed")
def resume_killed() -> None:
    """Notice a run whose worker was killed, and begin it again."""
    life.bury_the_silent(timezone.now())
    latest = list(SyncRun.objects.order_by("-pk")[: alarms.MOST_KILLS])
    killed = [run for run in latest if run.state == SyncRun.State.KILLED]
    if not latest or latest[0].state != SyncRun.State.KILLED or len(killed) == alarms.MOST_KILLS:
        return
    last = latest[0]
    if last.trigger != SyncRun.Trigger.SHELL and not last.dry_run:
        sync_directory(last.trigger, last.actor_id, mode=_mode_again(last))


def _mode_again(killed: SyncRun) -> str:
    """An undo that was killed is not gone on with by itself: what it left half done is for everybody's run."""
    return SyncRun.Mode.INCREMENTAL if killed.mode == SyncRun.Mode.INCREMENTAL else SyncRun.Mode.FULL


@shared_task(name="accounts.tasks.bring_rested_numbers")
def bring_rested_numbers() -> None:
    """Give everybody whose directory number has rested that number."""
    now, refuse_shared = timezone.now(), settings.PHONE_SHARED == "refuse"
    while settled := users.bring_rested(now=now, refuse_shared=refuse_shared):
        log.info("the rest of %d numbers is over", settled)


@shared_task(name="accounts.tasks.watch_runs")
def watch_runs() -> None:
    """Tell the admins when the runs are in trouble, and when that is over."""
    alarms.watch(now=timezone.now())
