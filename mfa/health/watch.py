"""The watch over the portal's parts: looks, keeps what it found, and tells somebody once for each incident."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from mfa import alarm_mail, audit
from mfa.delivery import outbox
from mfa.health import certificates, clocks, guesses, ntp
from mfa.health.words import sentence
from mfa.models import ApplicationKey, AuditEvent, Finding

logger = logging.getLogger(__name__)

State = Finding.State
DAYS_LEFT = 21
KEY_DAYS = timedelta(days=30)
MISPLACED = "misplaced"
"""The part of a right key that was refused, with its prefix behind a colon."""
REPORTED_IN = timedelta(hours=2)
"""Twice the time within which such a refusal comes into the audit trail once: what goes on is one incident."""
LATE = timedelta(minutes=6)
"""Beat writes down every three minutes only what it has started."""
HOURLY = timedelta(minutes=55)
NTP_PORT = ntp.PORT
LEFT_ALONE = timedelta(hours=1)
"""How long no question goes to a time server that turned one away."""
WORSE = ("", State.WARN, State.BAD)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one part looked like."""

    part: str
    state: Finding.State
    figures: dict[str, object] = field(default_factory=dict)


def watch(*, now: datetime, everything: bool = False) -> None:
    """Look at every part that is due and keep what was found. No network is asked within a transaction."""
    latest = Finding.objects.filter(part__startswith="certificate:").order_by("at").first()
    due = everything or latest is None or now - latest.at >= HOURLY
    seen = [
        Seen("worker", State.OK), _clock(now), *_keys(now), *_misplaced(now), *_guesses(now),
        *(_certificates(now) if due else ()),
    ]  # fmt: skip
    for one in seen:
        _keep(one, now)
    _forget({one.part for one in seen}, everything_seen=due)


def watch_beat(*, now: datetime) -> None:
    """Keep whether beat starts jobs, by what it wrote down of those of each minute."""
    each_minute = PeriodicTask.objects.filter(enabled=True, interval__every=1, interval__period="minutes")
    latest = each_minute.aggregate(run=Max("last_run_at"), changed=Max("date_changed"))
    known = [at for at in latest.values() if at]
    if known:
        dead = max(known) < now - LATE
        _keep(Seen("beat", State.BAD if dead else State.OK, {"since": max(known).isoformat()}), now)


def _clock(now: datetime) -> Seen:
    off, _took = clocks.against_database()
    figures: dict[str, object] = {"database": round(off, 2)}
    if settings.NTP_SERVER:
        figures |= _true_time(now)
    offsets = [abs(figure) for figure in (figures["database"], figures.get("ntp")) if isinstance(figure, float)]
    if max(offsets) > clocks.OFF:
        return Seen("clock", State.BAD, figures)
    return Seen("clock", State.UNKNOWN if "cause" in figures else State.OK, figures)


def _true_time(now: datetime) -> dict[str, object]:
    """`ntp`: seconds ahead of the time server; None with a `cause`, and `quiet` until when it is left alone."""
    before = Finding.objects.filter(part="clock").values_list("figures", flat=True).first() or {}
    if str(before.get("quiet", "")) > now.isoformat():
        return {name: before[name] for name in ("ntp", "cause", "quiet")}
    try:
        return {"ntp": round(ntp.ahead(settings.NTP_SERVER, port=NTP_PORT), 2)}
    except ntp.NoTime as error:
        unknown: dict[str, object] = {"ntp": None, "cause": str(error)}
        return unknown | ({"quiet": (now + LEFT_ALONE).isoformat()} if error.quiet else {})


def _certificates(now: datetime) -> Iterator[Seen]:
    for place in certificates.places():
        part = f"certificate:{place.name}"
        try:
            until = certificates.valid_until(place)
        except certificates.Unreached as error:
            state = State.UNKNOWN if error.verified else State.BAD
            yield Seen(part, state, {"cause": str(error)[:200]})
            continue
        days = (until - now).days
        state = State.OK if days >= DAYS_LEFT else State.WARN
        yield Seen(part, state, {"days": days})


def _keys(now: datetime) -> Iterator[Seen]:
    """Keys that work and soon will not."""
    ending = Q(revoked_at=None, expires_at__gt=now, expires_at__lt=now + KEY_DAYS, application__active=True)
    for key in ApplicationKey.objects.filter(ending).select_related("application"):
        yield Seen(
            f"key:{key.prefix}", State.WARN,
            {"days": (key.expires_at - now).days, "application": key.application.name, "pk": key.application_id},
        )  # fmt: skip


def _misplaced(now: datetime) -> Iterator[Seen]:
    """Keys that work and were refused where they were shown, or for what they asked: perhaps stolen ones."""
    refused = AuditEvent.objects.filter(action="application.key-refused", at__gt=now - REPORTED_IN, at__lte=now)
    last = {event.details["key"]: event.details for event in refused.order_by("at", "pk")}
    working = ApplicationKey.objects.filter(prefix__in=last, revoked_at=None, expires_at__gt=now)
    for key in working.select_related("application"):
        told = last[key.prefix]
        yield Seen(
            f"{MISPLACED}:{key.prefix}", State.WARN,
            {
                "application": key.application.name, "pk": key.application_id, "origin": told["origin"],
                "verb": told["verb"],
            },
        )  # fmt: skip


def _guesses(now: datetime) -> Iterator[Seen]:
    """Attacks that go on."""
    known = set(Finding.objects.filter(part__startswith=guesses.PART).values_list("part", flat=True))
    for one in guesses.found(known, now=now):
        yield Seen(one.part, State.WARN, one.figures)


@transaction.atomic
def _keep(seen: Seen, now: datetime) -> None:
    row, _ = Finding.objects.select_for_update().get_or_create(part=seen.part, defaults={"state": seen.state})
    row.state, row.figures, row.at = seen.state, seen.figures, now
    if seen.state == State.OK:
        row.told = ""
    elif seen.state in WORSE and WORSE.index(seen.state) > WORSE.index(row.told):
        _tell(row, now)
        row.told = seen.state
    row.save()


def _tell(row: Finding, now: datetime) -> None:
    words = sentence(row)
    context: dict[str, object] = {
        "part": words.part, "told": words.text, "step": words.step, "at": f"{timezone.localtime(now):%H:%M}",
        "page_url": settings.PUBLIC_URL + reverse("admin:mfa_finding_changelist"),
    }  # fmt: skip
    mails = [
        outbox.mail(user, address, "part-in-trouble", context, now=now) for user, address in alarm_mail.recipients()
    ]
    outbox.queue_many(mails)
    audit.record("health.in-trouble", user=None, actor=None, part=row.part, state=row.state, mails=len(mails))
    logger.error("%s: %s %s", row.part, row.state, row.figures)


def _forget(parts: set[str], *, everything_seen: bool) -> None:
    """Keys that were replaced or revoked, attacks that are over, and servers that the settings name no longer."""
    passing = Q(part__startswith="key:") | Q(part__startswith=MISPLACED) | Q(part__startswith=guesses.PART)
    gone = passing | (Q(part__startswith="certificate:") if everything_seen else Q(pk=None))
    Finding.objects.filter(gone).exclude(part__in=parts).delete()
