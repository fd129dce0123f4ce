"""Mails about codes that cost too much or do not come back: once for each incident, to whoever can do something.

Judged by the rows of messages and codes alone, so that nothing is missed when a process is killed.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from mfa import alarm_mail, audit, budgets, kinds
from mfa.delivery import outbox
from mfa.kinds import Purpose
from mfa.models import Delivery, DeliveryAlarm, OneTimeCode

logger = logging.getLogger(__name__)

Trouble = DeliveryAlarm.Trouble

NEARLY = 0.8
"""The share of the day's budget from which on somebody is told."""
LOOK_BACK = timedelta(hours=1)
LET_LIVE = timedelta(minutes=10)
"""A code that is younger may still be typed."""
LEAST = 20
"""Of fewer codes no share is judged."""
AT_MOST = timedelta(days=1)
"""An alarm about codes that do not come back ends then, also where nobody asks for any more."""


def watch(*, now: datetime) -> int:
    """Open and end alarms for both channels; returns how many began. Harmless to run twice, at once or late."""
    return sum(_watch(channel, now) for channel in Delivery.Channel)


def confirmed_share(channel: str, *, now: datetime) -> tuple[int, int]:
    """How many codes of the last hour, but for those that may still be typed, left by the channel, and came back."""
    window = (now - LOOK_BACK, now - LET_LIVE)
    left = Delivery.objects.filter(channel=channel, template__in=budgets.PAID_FOR, handed_over_at__isnull=False)
    senders = [kind.slug for kind in kinds.registry().values() if kind.channel == channel]
    spent = OneTimeCode.objects.filter(kind__in=senders, ending=OneTimeCode.Ending.SPENT)
    spent = spent.exclude(purpose=Purpose.ACTIVATE)  # those are no codes that left either (PAID_FOR)
    return left.filter(created_at__range=window).count(), spent.filter(created_at__range=window).count()


def _watch(channel: str, now: datetime) -> int:
    queued, most = budgets.sent_today(channel, now=now)
    sent, confirmed = confirmed_share(channel, now=now)
    judged = {
        Trouble.NEARLY_SPENT: queued >= most * NEARLY,
        Trouble.SPENT: queued >= most,
        Trouble.FEW_CONFIRMED: _few(sent, confirmed),
    }
    figures = {"queued": queued, "most": most, "sent": sent, "confirmed": confirmed}
    began = 0
    for trouble, there in judged.items():
        if there:
            began += _begin(channel, trouble, figures, now)
        else:
            _end(channel, trouble, now, known=there is not None)
    return began


def _few(sent: int, confirmed: int) -> bool | None:
    """None where too few codes left to tell."""
    return confirmed * 100 < sent * settings.CODES_ALARM_PERCENT if sent >= LEAST else None


@transaction.atomic
def _begin(channel: str, trouble: Trouble, figures: dict[str, int], now: datetime) -> int:
    alarm, is_new = DeliveryAlarm.objects.get_or_create(
        channel=channel, trouble=trouble, ended_at=None, defaults={"began_at": now}
    )
    if not is_new:
        return 0
    path = f"{reverse('admin:mfa_delivery_changelist')}?channel__exact={channel}"
    at = f"{timezone.localtime(now):%H:%M}"
    context: dict[str, object] = {
        **figures,
        "channel": alarm.get_channel_display(), "trouble": alarm.get_trouble_display(), "at": at,
        "few": trouble == Trouble.FEW_CONFIRMED, "page_url": settings.PUBLIC_URL + path,
    }  # fmt: skip
    mails = [
        outbox.mail(user, address, "messages-in-trouble", context, now=now) for user, address in alarm_mail.recipients()
    ]
    outbox.queue_many(mails)
    audit.record("messages.in-trouble", user=None, actor=None, channel=channel, trouble=trouble.value, figures=figures)
    logger.error("%s: %s (%s)", channel, trouble.value, figures)
    return 1


def _end(channel: str, trouble: Trouble, now: datetime, *, known: bool) -> None:
    """Where nobody can tell whether it is over, an alarm stays until its longest time."""
    over = DeliveryAlarm.objects.filter(channel=channel, trouble=trouble, ended_at=None)
    (over if known else over.filter(began_at__lte=now - AT_MOST)).update(ended_at=now)
