"""The authentication log: one row for every attempt, in the transaction that judged it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from accounts import compiled, trace
from accounts.models import User
from mfa.delivery.writing import one_line
from mfa.kinds import Purpose
from mfa.models import AuthenticationRecord
from mfa.outcomes import Result

if TYPE_CHECKING:
    from mfa.verification.service import Attempt, Verdict


def record(attempt: Attempt, verdict: Verdict, *, now: datetime, seconds: float) -> None:
    """Log one judged answer; the answer itself stays out."""
    kind = verdict.kind or attempt.kind or (verdict.refused.kind if verdict.refused else "")
    cause = verdict.refused.cause if verdict.refused else ""
    rule = verdict.remembered.rule.name if verdict.remembered else ""
    write(
        attempt.user, attempt.user.username, verdict.result, application=attempt.application, gateway=attempt.gateway,
        address=attempt.address, kind=kind, cause=cause, rule=rule, purpose=attempt.answer.purpose, now=now,
        seconds=seconds,
    )  # fmt: skip


def write(
    user: User | None, username: str, result: Result, *, application: str, address: str, now: datetime,
    kind: str = "", cause: str = "", gateway: str = "", rule: str = "", purpose: Purpose = Purpose.SIGN_IN,
    seconds: float = 0.0,
) -> None:  # fmt: skip
    """Add one row. `username` is the normalised name that was typed, which need not be anybody's; `gateway` is what a
    stranger may have written, and stands in the log as one line."""
    row = AuthenticationRecord(
        at=now,
        user=user,
        username=username,
        application=application,
        address=address,
        kind=kind,
        purpose=purpose,
        accepted=result.accepted,
        code=result.code,
        cause=cause or result.meaning,
        gateway=one_line(gateway),
        rule=rule,
        duration_ms=round(seconds * 1000),
        request_id=trace.request_id.get(),
    )
    compiled.add(row)
