"""Why somebody cannot sign in: what stands in the way now, and what happened lately, each with its cause and a mend.

For the person and for helpdesk alike; numbers and addresses are masked for both, and no secret is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.phones import mask
from mfa import applications, explanations, known, limits, obstacles
from mfa.delivery import outbox, progress
from mfa.delivery.writing import masked_address
from mfa.kinds import Purpose
from mfa.known import Known
from mfa.models import AuthenticationRecord, Delivery, Factor, GuessCounter
from mfa.notes import CardAction, Note

LOOK_BACK = timedelta(days=7)
MOST = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened, as `components/timeline.html` shows it; `mends` lead to what the owner can do."""

    at: datetime
    tone: str
    title: str
    text: str
    advice: str
    mends: list[CardAction]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is in the way, and the last days newest first. `well` where nothing is in the way and nothing failed."""

    obstacles: list[Note]
    lines: list[Line]
    last_success: AuthenticationRecord | None

    @property
    def well(self) -> bool:
        return not self.obstacles and not self.failures

    @property
    def failures(self) -> list[Line]:
        """The tries and messages that failed, newest first."""
        return [line for line in self.lines if line.tone not in ("ok", "info")]


def of(user: User, *, now: datetime) -> Diagnosis:
    """The diagnosis of one person, over the last days and at most MOST attempts and messages."""
    return about(known.of(user, now=now), limits.counter_of(user), latest(user), now=now)


def latest(user: User) -> list[AuthenticationRecord]:
    """The newest MOST attempts of the person, the newest first."""
    return list(AuthenticationRecord.objects.filter(user=user).order_by("-at", "-pk")[:MOST])


def about(
    found: Known, counter: GuessCounter | None, newest: list[AuthenticationRecord], *, now: datetime
) -> Diagnosis:  # fmt: skip
    """`of`, from what was read of the person: the account's counter, and what `latest` gives."""
    attempts = [record for record in newest if record.at > now - LOOK_BACK]
    names = applications.names(record.application for record in attempts)
    lines = [_attempt(record, names, found.rows) for record in attempts]
    lines += [_message(delivery, now) for delivery in _messages(found.user, now)[:MOST]]
    success = next((record for record in attempts if record.accepted), None)
    newest_first = sorted(lines, key=lambda line: line.at, reverse=True)
    return Diagnosis(obstacles.of(found, counter, now=now), newest_first, success)


def _messages(user: User, now: datetime) -> QuerySet[Delivery]:
    """The codes that were sent; notices say nothing about signing in."""
    sent = Delivery.objects.filter(user=user, template__in=outbox.CODES, created_at__gt=now - LOOK_BACK)
    return sent.defer("body").order_by("-created_at", "-pk")


def _attempt(record: AuthenticationRecord, names: dict[str, str], factors: list[Factor]) -> Line:
    told = explanations.of(record)
    text = " · ".join(part for part in _circumstances(record, names) if part)
    mends = explanations.mends(record, factors)
    return Line(record.at, told.tone, told.words, text, told.advice, mends)


def _circumstances(record: AuthenticationRecord, names: dict[str, str]) -> list[str]:
    """Where, with what, from where, and whether it was only a test."""
    return [
        explanations.place_words(record, names),
        explanations.kind_words(record),
        _("from %(address)s") % {"address": record.address} if record.address else "",
        _("a test") if record.purpose == Purpose.TEST else "",
    ]


def _message(delivery: Delivery, now: datetime) -> Line:
    fares = progress.of(delivery, now=now)
    by_sms = delivery.channel == Delivery.Channel.SMS
    to = mask(delivery.recipient) if by_sms else masked_address(delivery.recipient)
    title = _("A code by SMS to %(to)s") % {"to": to} if by_sms else _("A code by e-mail to %(to)s") % {"to": to}
    tone = "info" if fares.tone == "ok" else fares.tone
    return Line(delivery.created_at, tone, title, fares.words, "", [])
