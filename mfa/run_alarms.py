"""Mails about directory runs that need somebody, and about their recovery: to whoever can do something about it."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.dispatch import receiver
from django.urls import reverse

from accounts.models import SyncAlarm, SyncRun
from accounts.signals import runs_in_trouble, runs_well_again
from mfa import alarm_mail, audit
from mfa.delivery import outbox
from mfa.delivery.writing import one_line

logger = logging.getLogger(__name__)


@receiver(runs_in_trouble, dispatch_uid="mfa.run_alarms.in_trouble")
def in_trouble(sender: object, *, alarm: SyncAlarm, now: datetime, **more: Any) -> None:
    _tell("runs-in-trouble", alarm, alarm.run, now)


@receiver(runs_well_again, dispatch_uid="mfa.run_alarms.well_again")
def well_again(sender: object, *, alarm: SyncAlarm, now: datetime, **more: Any) -> None:
    _tell("runs-well-again", alarm, SyncRun.objects.filter(state=SyncRun.State.DONE, dry_run=False).first(), now)


def _tell(template: str, alarm: SyncAlarm, run: SyncRun | None, now: datetime) -> None:
    path = (
        reverse("admin:accounts_syncrun_change", args=[run.pk]) if run else reverse("admin:accounts_syncrun_changelist")
    )
    context: dict[str, object] = {
        "trouble": alarm.get_trouble_display(), "at": alarm.began_at, "hours": settings.SYNC_ALARM_HOURS,
        "missing": alarm.trouble == SyncAlarm.Trouble.MISSING, "page_url": settings.PUBLIC_URL + path,
        # The portal's own words, never the directory's: written whole, addresses of servers included.
        "told_by_run": [one_line(run.message)] if run and run.message else [],
    }  # fmt: skip
    mails = [outbox.mail(user, address, template, context, now=now) for user, address in alarm_mail.recipients()]
    outbox.queue_many(mails)
    audit.record(template.replace("-", ".", 1), user=None, actor=None, trouble=alarm.trouble, mails=len(mails))
    if not mails:
        logger.warning("nobody to tell about directory runs: no admin has a mailbox and ALARM_MAIL is empty")
