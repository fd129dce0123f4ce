"""Telling a worker that a message waits. The outbox is the truth: a dead broker delays a message and loses none."""

from __future__ import annotations

import logging

from celery import current_app
from kombu.exceptions import ChannelError, OperationalError

logger = logging.getLogger(__name__)


def worker_for(delivery_id: int) -> None:
    """Publish the delivery's id; where the broker is out of reach, the sweep of the outbox will find the row."""
    try:
        current_app.send_task("mfa.delivery.tasks.deliver", args=[delivery_id])
    except (OperationalError, ChannelError, OSError) as error:
        logger.warning("broker out of reach; delivery %s waits for the sweep (%s)", delivery_id, type(error).__name__)
