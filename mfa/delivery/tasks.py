"""The outbox's two jobs. Both are harmless to run twice, at once or for nothing."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from mfa.delivery import claims, gateways, hand_over, mail, wake

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 20
MOST_AT_ONCE = 200
"""Messages that one sweep hands to the workers, so that a code never queues behind thousands of notices."""


@shared_task(name="mfa.delivery.tasks.deliver", time_limit=120)
def deliver(delivery_id: int) -> None:
    """Send one message, if it is due and nobody else's."""
    hand_over.attempt(delivery_id, clock=timezone.now)


@shared_task(name="mfa.delivery.tasks.sweep", time_limit=120)
def sweep() -> None:
    """Expire what is too late, take back what dead workers held, and wake workers for all that is due."""
    now = timezone.now()
    repeating = [way.name for way in [*gateways.in_use(), mail.in_use()] if way.repeats_safely]
    expired, recovered = claims.expire(now=now), claims.recover(repeating, now=now)
    if expired or recovered:
        logger.warning("outbox: %d messages expired, %d taken back from workers that died", expired, recovered)
    for delivery_id in claims.waiting(now=now).values_list("pk", flat=True)[:MOST_AT_ONCE]:
        if not wake.worker_for(delivery_id, expires=SWEEP_SECONDS):
            return
