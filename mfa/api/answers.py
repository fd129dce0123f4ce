"""One answer for one RADIUS request, however often and wherever it arrives.

Whoever writes the request's row first judges it: before that no guess is paid, no code used up and no message sent.
All others wait for the answer that this row then holds.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import DatabaseError, connection
from django.db.models import QuerySet

from accounts import compiled
from mfa.models import RadiusAnswer

KEPT_FOR = timedelta(minutes=10)
"""Gateways retransmit for some ten seconds (RFC 5080 2.2.1); identifiers come again with another authenticator."""
GIVEN_UP_AFTER = timedelta(seconds=20)
"""A request without an answer after that was left by a process that ended; its next retransmission is judged anew."""
PATIENCE = 5.0
"""Seconds to wait for another process; FreeRADIUS waits six for the portal."""
POLLED_EVERY = 0.02

Who = TypeVar("Who")
Response = tuple[int, dict[str, Any]]

_CLAIM = (
    "INSERT INTO mfa_radiusanswer (request, status, body, at) VALUES (%s, 0, '{}', %s) ON CONFLICT (request)"
    " DO UPDATE SET at = excluded.at WHERE mfa_radiusanswer.status = 0 AND mfa_radiusanswer.at < %s RETURNING id"
)
_KEEP = "UPDATE mfa_radiusanswer SET status = %s, body = %s WHERE request = %s AND at = %s AND status = 0"


class JudgedElsewhere(Exception):
    """It took so long that another process judged the request."""


class StillJudged(Exception):
    """Another process judges this request and needs longer than a retransmission can wait."""


def once(request: str, identify: Callable[[], Who], judge: Callable[[Who], Response], *, now: datetime) -> Response:
    """The answer to the request with this key, judged by the first who asks. `identify` runs outside any transaction,
    `judge` in the one that keeps its answer. Raises StillJudged."""
    if not _claim(request, now):
        return _awaited(request)
    answered = False
    try:
        who = identify()
        with compiled.together():
            answer = judge(who)
            if not _keep(request, now, answer):
                raise JudgedElsewhere
        answered = True
    except JudgedElsewhere:
        return _awaited(request)
    finally:
        if not answered:
            _give_back(request, now)
    return answer


def _claim(request: str, now: datetime) -> bool:
    """Committed at once, so that the others see it."""
    adapted = connection.ops.adapt_datetimefield_value
    with compiled.prepared() as cursor:
        cursor.execute(_CLAIM, [request, adapted(now), adapted(now - GIVEN_UP_AFTER)])
        return cursor.fetchone() is not None


def _give_back(request: str, claimed_at: datetime) -> None:
    """Whoever asks next may judge it; not where it is another process's by now."""
    with contextlib.suppress(DatabaseError):  # it may be what failed
        RadiusAnswer.objects.filter(request=request, at=claimed_at, status=RadiusAnswer.AT_WORK).delete()


def _keep(request: str, claimed_at: datetime, answer: Response) -> bool:
    """Write the answer into the row that was claimed then; False where it is another process's by now."""
    status, body = answer
    kept = connection.ops.adapt_json_value(body, None)
    with compiled.prepared() as cursor:
        cursor.execute(_KEEP, [status, kept, request, connection.ops.adapt_datetimefield_value(claimed_at)])
        return bool(cursor.rowcount)


def _awaited(request: str) -> Response:
    until = time.monotonic() + PATIENCE
    while row := RadiusAnswer.objects.filter(request=request).first():  # none: whoever judged it failed
        if row.status != RadiusAnswer.AT_WORK:
            return row.status, row.body
        if time.monotonic() >= until:
            break
        time.sleep(POLLED_EVERY)
    raise StillJudged


def over(*, now: datetime) -> QuerySet[RadiusAnswer]:
    """Answers that nobody can ask for again."""
    return RadiusAnswer.objects.filter(at__lt=now - KEPT_FOR)
