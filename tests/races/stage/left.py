"""What a race has left behind."""

from __future__ import annotations

import re
from typing import Any

from django.utils import timezone

from accounts.models import User
from mfa import holdings, limits
from mfa.delivery import outbox
from mfa.factors.recovery.factor import KIND as RECOVERY
from mfa.models import Approval, AuditEvent, AuthenticationRecord, CallerCheck, Delivery, Factor, GuessCounter
from mfa.verification import memory


def resets_of(username: str) -> list[str]:
    """Who reset the person's factors, once for each time."""
    rows = AuditEvent.objects.filter(action="factors.reset", user__username=username)
    return [row.actor_name for row in rows.order_by("pk")]


def exempted_by(username: str) -> int:
    """How many people."""
    done = AuditEvent.objects.filter(action="exemption.granted", actor__username=username)
    return done.values("user").distinct().count()


def rules_ended_by(username: str) -> int:
    return AuditEvent.objects.filter(action="rule.ended", actor__username=username).count()


def approval(pk: int) -> dict[str, Any]:
    row = Approval.objects.get(pk=pk)
    decided = row.decided_by.username if row.decided_by else None
    audited = AuditEvent.objects.filter(action="approval.approved", actor=row.decided_by).count() if decided else 0
    return {"state": row.state, "decided_by": decided, "audited": audited}


def sms_codes(username: str) -> list[str]:
    """The codes of the SMS that wait in the outbox for this person, in order."""
    texts = [
        outbox.read(row) for row in Delivery.objects.filter(user__username=username, template="code").order_by("pk")
    ]
    return [text.rpartition("#")[2] for text in texts]


def audited(username: str, action: str) -> int:
    return AuditEvent.objects.filter(user__username=username, action=action).count()


def passed_checks(username: str) -> list[str]:
    """The agents whose check the caller has passed."""
    return list(
        CallerCheck.objects.filter(user__username=username)
        .exclude(passed_at=None)
        .values_list("agent__username", flat=True)
    )


def checks_used(username: str) -> list[list[str]]:
    """The acts that each caller check about the person has stood for."""
    return list(CallerCheck.objects.filter(user__username=username).values_list("used_for", flat=True))


def helpdesk_code(username: str) -> str:
    """The code that helpdesk has just sent to a new number of somebody who calls."""
    sent = Delivery.objects.filter(user__username=username, template="helpdesk-phone").latest("pk")
    return str(re.findall(r"\b\d{6}\b", outbox.read(sent))[0])


def is_spared(username: str) -> bool:
    """Whether a rule spares the person a code at the remembering application now."""
    user = User.objects.get(username=username)
    return memory.recall(user, "remembering", "", now=timezone.now()) is not None


def logged(username: str) -> list[int]:
    """The result code of every row of the log about this person, in order."""
    rows = AuthenticationRecord.objects.filter(username=username).order_by("pk")
    return list(rows.values_list("code", flat=True))


def password_guesses(username: str) -> int:
    """How many wrong passwords count against the person, from all sources."""
    user = User.objects.get(username=username)
    counters = GuessCounter.objects.filter(subject__startswith=f"password:{user.pk}:")
    return sum(counter.failures.get("password", (0, 0))[0] for counter in counters)


def factors(username: str) -> list[dict[str, Any]]:
    """The person's factors: kind, pk, how many answers are left, wrong codes in a row."""
    rows = Factor.objects.filter(user__username=username, confirmed=True).order_by("pk")
    return [
        {"kind": row.kind, "pk": row.pk, "left": RECOVERY.left(row), "failures": row.failures, "state": row.state}
        for row in rows
    ]


def results(username: str, kind: str = "") -> list[int]:
    """The result code of every judged second factor, in order; only those of one kind where it is given."""
    rows = AuthenticationRecord.objects.filter(user__username=username).exclude(kind="password").order_by("pk")
    rows = rows.filter(kind=kind) if kind else rows
    return list(rows.values_list("code", flat=True))


def failures(username: str) -> dict[str, Any]:
    counter = GuessCounter.objects.filter(subject=limits.of_account(User.objects.get(username=username))).first()
    return counter.failures if counter else {}


def usable(username: str) -> list[str]:
    return [factor.kind for factor in holdings.usable(User.objects.get(username=username), now=timezone.now())]
