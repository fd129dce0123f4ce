"""What must not count any more after the database was put back to an earlier day: every table is judged here, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import F, Model, QuerySet

from accounts import users
from accounts.models import SyncAlarm, SyncChange, SyncProblem, SyncRun, User, WriteBack
from mfa import approvals, audit, kinds
from mfa.delivery import claims
from mfa.models import (
    Application,
    ApplicationKey,
    Approval,
    AuditEvent,
    AuthenticationRecord,
    Budget,
    BulkAct,
    BulkPerson,
    CallerCheck,
    Delivery,
    DeliveryAlarm,
    Exemption,
    Factor,
    Finding,
    GuessCounter,
    HardwareToken,
    KnownBrowser,
    OneTimeCode,
    OpenSession,
    Policy,
    Preference,
    Prompt,
    RadiusAnswer,
    Remembered,
    RememberRule,
    Reminder,
    Revision,
    Rule,
    TokenBatch,
)

LISTS = "lists"
WHY = "the database was restored from a backup"


@dataclass(frozen=True, slots=True)
class End:
    """One thing that ends: in which table, in words behind its count, and the statement; it says how many."""

    model: type[Model]
    name: str
    words: str
    do: Callable[[datetime], int]


def _gone(rows: Callable[[], QuerySet[Any]]) -> Callable[[datetime], int]:
    return lambda _now: rows().delete()[0]


def _of_kinds(lent: bool) -> QuerySet[Factor]:
    """The factors of kinds that helpdesk lends, or those whose answers are a list."""
    slugs = [slug for slug, kind in kinds.registry().items() if (kind.lent if lent else kind.is_list)]
    return Factor.objects.filter(kind__in=slugs)


def _end_codes(now: datetime) -> int:
    live = OneTimeCode.objects.filter(ending=OneTimeCode.Ending.LIVE)
    return live.update(ending=OneTimeCode.Ending.REPLACED, ended_at=now)


def _cancel_bulk(now: datetime) -> int:
    unfinished = BulkAct.objects.exclude(state__in=(BulkAct.State.CANCELLED, BulkAct.State.DONE))
    return unfinished.update(state=BulkAct.State.CANCELLED, finished_at=now, worker="", message=WHY)


ENDS = (
    End(User, "people", "people whose sessions and memories of before are void",
        lambda _now: User.objects.update(security_epoch=F("security_epoch") + 1)),
    End(User, "resting", "numbers at rest forgotten; the next full run announces them again",
        lambda _now: users.forget_resting()),
    End(OpenSession, "open_sessions", "open sessions ended", _gone(OpenSession.objects.all)),
    End(Session, "sessions", "rows of sessions deleted", _gone(Session.objects.all)),
    End(Remembered, "remembered", "remembered verifications forgotten", _gone(Remembered.objects.all)),
    End(Prompt, "prompts", "open prompts of applications ended", _gone(Prompt.objects.all)),
    End(OneTimeCode, "codes", "unspent one-time codes and links ended", _end_codes),
    End(RadiusAnswer, "radius_answers", "answers kept for RADIUS deleted", _gone(RadiusAnswer.objects.all)),
    End(Factor, "lent", "temporary access codes ended", _gone(lambda: _of_kinds(lent=True))),
    End(Factor, "waiting", "factors deleted that were not confirmed yet",
        _gone(lambda: Factor.objects.filter(confirmed=False, disabled_at=None))),
    End(Factor, LISTS, "sets of recovery codes deleted", _gone(lambda: _of_kinds(lent=False))),
    End(CallerCheck, "caller_checks", "caller checks ended", _gone(CallerCheck.objects.all)),
    End(Approval, "approvals", "approvals ended that were not used yet", lambda _now: approvals.end_all()),
    End(BulkAct, "bulk_acts", "acts on lists cancelled that were not finished", _cancel_bulk),
    End(TokenBatch, "token_batches", "imports of tokens deleted that were not confirmed yet",
        _gone(lambda: TokenBatch.objects.filter(confirmed_at=None))),
    End(Delivery, "messages", "waiting messages of before not sent", lambda _now: claims.drop_all(WHY)),
)  # fmt: skip

STAYS: dict[type[Model], str] = {
    Application: "configuration, to be looked through",
    ApplicationKey: "configuration; a key that was withdrawn since is to be withdrawn again",
    RememberRule: "configuration; it remembers nothing by itself",
    Rule: "configuration, to be looked through",
    Policy: "configuration, to be looked through",
    Exemption: "configuration; ends by itself",
    Revision: "its number is random: whoever knows a later one reads anew",
    HardwareToken: "without it nobody's token works; see the documentation about codes by button",
    BulkPerson: "nothing is done to anybody once the act on the list is cancelled",
    AuditEvent: "what happened",
    AuthenticationRecord: "what happened",
    SyncRun: "what happened; one that ran is taken over by the next",
    SyncChange: "what happened",
    SyncProblem: "what happened",
    SyncAlarm: "opens nothing",
    WriteBack: "writes only where the directory still has the number that was read before",
    DeliveryAlarm: "opens nothing",
    Finding: "opens nothing",
    Reminder: "opens nothing; somebody may be reminded twice",
    Preference: "opens nothing",
    KnownBrowser: "opens nothing",
    GuessCounter: "goes on counting; deleting it would give new guesses",
    Budget: "goes on counting; deleting it would give new messages",
}
"""The tables of which nothing ends, and why."""


@transaction.atomic
def end_all(*, lists: bool, now: datetime) -> dict[str, int]:
    """End for everybody what the older database may have brought back, as ENDS says; with `lists` the lists of codes
    too, of which spent ones count again.

    A fixed number of statements however many people there are. Returns how many of each; one audit event has them.
    """
    counts = {one.name: one.do(now) if lists or one.name != LISTS else 0 for one in ENDS}
    audit.record("restore.cleaned", user=None, actor=None, **cast("dict[str, Any]", counts))
    return counts
