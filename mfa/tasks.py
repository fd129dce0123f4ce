"""Where Celery looks for this app's tasks: the outbox's own, alarms, reminders, acts on lists, the nightly clean-up."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from mfa import message_alarms, reminders, retention
from mfa.delivery.tasks import deliver, sweep
from mfa.desk import bulk_work
from mfa.health import watch

__all__ = ["act_on_list", "clean_up", "deliver", "remind", "sweep", "sweep_lists", "watch_beat", "watch_health",
           "watch_messages"]  # fmt: skip

logger = logging.getLogger(__name__)


@shared_task(name="mfa.tasks.clean_up", time_limit=1800)
def clean_up() -> None:
    """Delete what is over; each night."""
    gone = {table: rows for table, rows in retention.clean_up(now=timezone.now()).items() if rows}
    if gone:
        logger.info("cleaned up: %s", gone)


@shared_task(name="mfa.tasks.remind", time_limit=3600)
def remind() -> None:
    """Remind of rules and exemptions that are about to matter; each quarter of an hour."""
    sent = reminders.remind(now=timezone.now())
    if sent:
        logger.info("reminders of rules and exemptions: %s", sent)


@shared_task(name="mfa.tasks.watch_messages", time_limit=60)
def watch_messages() -> None:
    """Tell somebody where codes cost too much or do not come back; each minute."""
    message_alarms.watch(now=timezone.now())


@shared_task(name="mfa.tasks.watch_health", time_limit=120)
def watch_health(everything: bool = False) -> None:
    """Look at clocks, certificates and keys, and tell somebody of trouble; each minute, and with `everything` also at
    what is looked at each hour only."""
    watch.watch(now=timezone.now(), everything=everything)


@shared_task(name="mfa.tasks.watch_beat", time_limit=60)
def watch_beat() -> None:
    """Tell somebody where beat starts nothing; workers ask for it themselves."""
    watch.watch_beat(now=timezone.now())


@shared_task(name=bulk_work.TASK, time_limit=300)
def act_on_list(bulk_id: int) -> None:
    """One turn of an act on a list; harmless to run twice or for nothing."""
    bulk_work.work(bulk_id)


@shared_task(name="mfa.tasks.sweep_lists", time_limit=60)
def sweep_lists() -> None:
    """Wake workers for acts on lists that wait, or whose worker was killed; each minute."""
    bulk_work.sweep(now=timezone.now())
