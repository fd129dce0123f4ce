"""Telling a worker that a message waits. The outbox is the truth: a dead broker delays a message and loses none."""

from __future__ import annotations

import logging
import time

from celery import current_app
from kombu.exceptions import ChannelError, OperationalError

logger = logging.getLogger(__name__)

SPARED_SECONDS = 15
"""After a failure this process leaves the broker alone for so long: one that hangs must not slow every page."""
_spared_until = 0.0


def worker_for(delivery_id: int, *, expires: int | None = None) -> bool:
    """Publish the delivery's id, forgotten after `expires` seconds in the queue; False where the broker is out of
    reach: the sweep will find the row."""
    return _published("mfa.delivery.tasks.deliver", [delivery_id], expires)


def sweep() -> bool:
    """Ask for a sweep now, for many messages that were queued at once."""
    return _published("mfa.delivery.tasks.sweep", [], None)


def _published(task: str, arguments: list[int], expires: int | None) -> bool:
    global _spared_until
    if time.monotonic() < _spared_until:
        return False
    try:
        current_app.send_task(task, args=arguments, expires=expires)
    except (OperationalError, ChannelError, OSError) as error:
        _spared_until = time.monotonic() + SPARED_SECONDS
        logger.warning("broker out of reach; what waits in the outbox is left to the sweep (%s)", type(error).__name__)
        return False
    return True
