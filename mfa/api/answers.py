"""One answer for one RADIUS request, however often and wherever it arrives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from mfa.models import RadiusAnswer

KEPT_FOR = timedelta(minutes=10)
"""Gateways retransmit for some ten seconds (RFC 5080 2.2.1); identifiers come again with another authenticator."""

Response = tuple[int, dict[str, Any]]


def known(request: str) -> Response | None:
    """What this request was answered before."""
    row = RadiusAnswer.objects.filter(request=request).first()
    return (row.status, row.body) if row else None


def once(request: str, judge: Callable[[], Response], *, now: datetime) -> Response:
    """Judge and keep the answer in one transaction. Of two workers with the same request one judges; the other's work
    is undone and it gives the first one's answer."""
    try:
        with transaction.atomic():
            status, body = judge()
            RadiusAnswer.objects.create(request=request, status=status, body=body, at=now)
        return status, body
    except IntegrityError:
        earlier = known(request)
        if earlier is None:
            raise
        return earlier


def over(*, now: datetime) -> QuerySet[RadiusAnswer]:
    """Answers that nobody can ask for again."""
    return RadiusAnswer.objects.filter(at__lt=now - KEPT_FOR)
