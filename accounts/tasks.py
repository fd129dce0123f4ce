"""Jobs of the people room. They carry row ids only."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from accounts import provisioning
from accounts.directory import alarms, configuration, life, sync, undo, write_back
from accounts.models import SyncRun, User
from accounts.signals import run_refused

START, OVERRULE = "accounts.start_sync", "accounts.overrule_sync"
log = logging.getLogger("accounts.directory")


@shared_task(name="accounts.tasks.sync_directory")
def sync_directory(
    trigger: str = "schedule",
    actor_id: int | None = None,
    dry_run: bool = False,
    mode: str = "full",
    confirms_id: int | None = None,
) -> None:
    """Run the directory sync, of everybody or with mode "incremental" of what changed; with `confirms_id` to apply the
    plan of that stopped run. Nothing happens without a directory, while another run is at work, or where whoever asked
    for it may not any more."""
    if not configuration.configured():
        return None
    confirms = SyncRun.objects.filter(pk=confirms_id).first() if confirms_id else None
    if confirms_id and not confirms:
        return None
    actor = _person(actor_id)
    if confirms and not _may(actor, OVERRULE):
        return _refuse("sync.confirm-refused", confirms, actor)
    if trigger == SyncRun.Trigger.ADMIN and not confirms and not _may(actor, START):
        return _refuse("sync.request-refused", None, actor)
    try:
        sync.run(
            trigger=SyncRun.Trigger(trigger), actor=actor, dry_run=dry_run, mode=SyncRun.Mode(mode), confirms=confirms
        )
    except (life.AlreadyRunning, life.AlreadyApplied, life.RunLost) as refusal:
        log.info("directory sync left to another: %s", refusal)


@shared_task(name="accounts.tasks.undo_run")
def undo_run(run_id: int, trigger: str = "admin", actor_id: int | None = None) -> None:
    """Take a run back; nothing happens while another run is at work, where there is nothing to undo, or where whoever
    asked for it may not any more."""
    run = SyncRun.objects.filter(pk=run_id).first()
    if run is None:
        return None
    actor = _person(actor_id)
    if not _may(actor, OVERRULE):
        return _refuse("sync.undo-refused", run, actor)
    try:
        undo.undo(run, trigger=SyncRun.Trigger(trigger), actor=actor)
    except (life.AlreadyRunning, life.RunLost, undo.NothingToUndo) as refusal:
        log.info("undo of run %s left: %s", run_id, refusal)


def _person(pk: int | None) -> User | None:
    return User.objects.filter(pk=pk).first() if pk else None


def _may(actor: User | None, right: str) -> bool:
    """Judged when the job begins: it may have waited since the page let it through."""
    return actor is not None and actor.is_active and actor.is_staff and actor.has_perm(right)


def _refuse(action: str, run: SyncRun | None, actor: User | None) -> None:
    log.warning("%s: user %s may not ask for it any more", action, actor.pk if actor else None)
    run_refused.send(sender=SyncRun, action=action, run=run, actor=actor)


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
        _again(last)


def _again(killed: SyncRun) -> None:
    right = OVERRULE if killed.mode == SyncRun.Mode.UNDO else START
    if killed.trigger == SyncRun.Trigger.ADMIN and not _may(killed.actor, right):
        log.info("run %s is not begun again: whoever asked for it may not any more", killed.pk)
    elif killed.mode != SyncRun.Mode.UNDO:
        sync_directory(killed.trigger, killed.actor_id, mode=killed.mode)
    elif killed.undoes_id:
        undo_run(killed.undoes_id, killed.trigger, killed.actor_id)


@shared_task(name="accounts.tasks.bring_rested_numbers", time_limit=3600)
def bring_rested_numbers() -> None:
    """Give everybody whose directory number has rested that number."""
    now, refuse_shared = timezone.now(), settings.PHONE_SHARED == "refuse"
    while settled := provisioning.bring_rested(now=now, refuse_shared=refuse_shared):
        log.info("the rest of %d numbers is over", settled)


@shared_task(name="accounts.tasks.watch_runs", time_limit=120)
def watch_runs() -> None:
    """Tell the admins when the runs are in trouble, and when that is over."""
    alarms.watch(now=timezone.now())


@shared_task(name="accounts.tasks.write_back", time_limit=150)
def write_back_one(row_id: int) -> None:
    """Write one confirmed number to the directory, if it is due and nobody else's."""
    write_back.attempt(row_id, clock=timezone.now)


@shared_task(name="accounts.tasks.write_back_due", time_limit=120)
def write_back_due() -> None:
    """Wake workers for every number that waits for the directory."""
    write_back.sweep(now=timezone.now())
