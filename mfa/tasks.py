"""Where Celery looks for this app's tasks: the outbox's own, and the nightly clean-up."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from mfa import retention
from mfa.delivery.tasks import deliver, sweep

__all__ = ["clean_up", "deliver", "sweep"]

logger = logging.getLogger(__name__)


@shared_task(name="mfa.tasks.clean_up", time_limit=1800)
def clean_up() -> None:
    """Delete what is over; each night."""
    gone = {table: rows for table, rows in retention.clean_up(now=timezone.now()).items() if rows}
    if gone:
        logger.info("cleaned up: %s", gone)
