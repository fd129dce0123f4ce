"""How codes leave, above the list of deliveries: the budget of a day, how many come back, gateways in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from mfa import budgets, message_alarms
from mfa.delivery import mail
from mfa.models import Delivery, DeliveryAlarm

State, Trouble = Delivery.State, DeliveryAlarm.Trouble
DAY = timedelta(days=1)
FAILED = (State.FAILED, State.UNCERTAIN, State.EXPIRED)


@dataclass(frozen=True, slots=True)
class Way:
    """One gateway, or the mail server, with its messages of the last day."""

    name: str
    left: int
    failed: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Leaving:
    """One channel. `back` of `left` codes of the last hour were typed; `few` are too few to be judged."""

    label: str
    queued: int
    most: int
    setting: str
    left: int
    back: int
    few: bool
    ways: list[Way]

    @property
    def share(self) -> int:
        """Percent of the codes that came back."""
        return round(100 * self.back / self.left) if self.left else 0


def context(*, now: datetime) -> dict[str, Any]:
    """For the page of the list: the channels in use, open alarms with what to do, and what they are judged by."""
    alarms = DeliveryAlarm.objects.filter(ended_at=None)
    return {
        "leaving": list(_channels(now)),
        "alarms": [(alarm, advice(alarm)) for alarm in alarms],
        "alarm_percent": settings.CODES_ALARM_PERCENT, "alarm_least": message_alarms.LEAST,
    }  # fmt: skip


def advice(alarm: DeliveryAlarm) -> str:
    """What to do about it."""
    setting = budgets.SENDING[Delivery.Channel(alarm.channel)].per_day
    if alarm.trouble == Trouble.FEW_CONFIRMED:
        return _("Send a test message to yourself. If it arrives, ask the gateway what became of the others; it may "
                 "also be somebody who has codes sent to numbers that are not theirs.")  # fmt: skip
    if alarm.trouble == Trouble.SPENT:
        return _("No more codes leave by this channel today. See below who asks for so many; if it is right, raise "
                 "%(setting)s and restart.") % {"setting": setting}  # fmt: skip
    return _("See below who asks for so many; if it is right, raise %(setting)s and restart.") % {"setting": setting}


def _channels(now: datetime) -> Iterator[Leaving]:
    if settings.SMS_GATEWAYS:
        yield _leaving(Delivery.Channel.SMS, settings.SMS_GATEWAYS, now)
    yield _leaving(Delivery.Channel.MAIL, [mail.in_use().name], now)


def _leaving(channel: Delivery.Channel, names: list[str], now: datetime) -> Leaving:
    queued, most = budgets.sent_today(channel, now=now)
    left, back = message_alarms.confirmed_share(channel, now=now)
    rows = Delivery.objects.filter(channel=channel, created_at__gt=now - DAY).order_by().values("gateway")
    counted = {
        row["gateway"]: row
        for row in rows.annotate(
            left=Count("pk", filter=Q(handed_over_at__isnull=False)),
            failed=Count("pk", filter=Q(state__in=FAILED)), last=Max("handed_over_at"),
        )
    }  # fmt: skip
    ways = [_way(name, counted.get(name, {})) for name in dict.fromkeys([*names, *sorted(set(counted) - {""})])]
    return Leaving(
        str(capfirst(channel.label)), queued, most, budgets.SENDING[channel].per_day, left, min(back, left),
        left < message_alarms.LEAST, ways,
    )  # fmt: skip


def _way(name: str, row: Any) -> Way:
    return Way(name, row.get("left", 0), row.get("failed", 0), row.get("last"))
