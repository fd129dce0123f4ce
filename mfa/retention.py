"""What is deleted when, a bounded batch at a time. It decides nothing: what has expired is refused at its use.

The audit trail stays until an operator decides, and the authentication log unless AUTHENTICATION_LOG_DAYS says for how
long; deliveries tell where a message went.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Model, Q, QuerySet

from accounts import leavers
from mfa.api import answers
from mfa.models import (
    AuthenticationRecord,
    Budget,
    BulkAct,
    BulkPerson,
    CallerCheck,
    Delivery,
    DeliveryAlarm,
    Factor,
    GuessCounter,
    KnownBrowser,
    OneTimeCode,
    OpenSession,
    Prompt,
    Remembered,
    TokenBatch,
)

BATCH = 1000
CODES_FOR = timedelta(days=30)
PASSWORD_COUNTERS_FOR = timedelta(days=7)
BUDGETS_FOR = timedelta(days=2)
CALLER_CHECKS_FOR = timedelta(days=1)
PROMPTS_FOR = timedelta(days=1)
SESSIONS_FOR = timedelta(days=1)
BROWSERS_FOR = timedelta(days=400)
DELIVERIES_FOR = timedelta(days=180)
LISTS_FOR = timedelta(days=180)
TRACES_FOR = timedelta(days=30)


def clean_up(*, now: datetime) -> dict[str, int]:
    """Delete what is over, and forget who left long ago. Returns how many rows of each table went. Harmless to
    interrupt and to run twice."""
    gone = {over.model._meta.model_name or "": _delete(over) for over in _over(now)}
    old = Delivery.objects.filter(created_at__lt=now - TRACES_FOR).exclude(trace=[])
    gone["traces"] = _emptied(old)
    return gone | {"leavers": leavers.forget(now=now)}


def _over(now: datetime) -> list[QuerySet[Model]]:
    """Counters of an account's own factors are kept: forgetting them would give an attacker new guesses."""
    ended = Delivery.objects.exclude(state__in=(Delivery.State.QUEUED, Delivery.State.SENDING))
    rows: list[QuerySet[Model]] = [
        Factor.objects.filter(confirmed=False, disabled_at=None, expires_at__lt=now),
        TokenBatch.objects.filter(confirmed_at=None, expires_at__lt=now),
        OneTimeCode.objects.filter(Q(expires_at__lt=now - CODES_FOR)),
        GuessCounter.objects.filter(subject__startswith="password:", updated_at__lt=now - PASSWORD_COUNTERS_FOR),
        Budget.objects.filter(updated_at__lt=now - BUDGETS_FOR),
        CallerCheck.objects.filter(sent_at__lt=now - CALLER_CHECKS_FOR),
        BulkPerson.objects.filter(bulk__asked_at__lt=now - LISTS_FOR),
        BulkAct.objects.filter(asked_at__lt=now - LISTS_FOR, people=None),
        ended.filter(created_at__lt=now - DELIVERIES_FOR),
        OpenSession.objects.filter(seen_at__lt=now - SESSIONS_FOR),
        KnownBrowser.objects.filter(seen_at__lt=now - BROWSERS_FOR),
        DeliveryAlarm.objects.filter(ended_at__lt=now - DELIVERIES_FOR),
        Session.objects.filter(expire_date__lt=now),
        Prompt.objects.filter(expires_at__lt=now - PROMPTS_FOR),
        Remembered.objects.filter(until__lt=now - PROMPTS_FOR),
        answers.over(now=now),
    ]
    if settings.AUTHENTICATION_LOG_DAYS:
        kept_for = timedelta(days=settings.AUTHENTICATION_LOG_DAYS)
        rows.append(AuthenticationRecord.objects.filter(at__lt=now - kept_for))
    return rows


def _emptied(old: QuerySet[Delivery]) -> int:
    gone = 0
    while batch := list(old.order_by().values_list("pk", flat=True)[:BATCH]):
        gone += Delivery.objects.filter(pk__in=batch).update(trace=[])
    return gone


def _delete(over: QuerySet[Model]) -> int:
    gone = 0
    while batch := list(over.order_by().values_list("pk", flat=True)[:BATCH]):
        over.model._default_manager.filter(pk__in=batch).delete()
        gone += len(batch)
    return gone
