"""What one request left behind, for the page of any one row: attempts, events and messages with the same id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from mfa.authlog import results
from mfa.desk import masks
from mfa.models import AuditEvent, AuthenticationRecord, Delivery

AROUND = timedelta(hours=1)
"""No request takes longer; an index over the time finds the rows, and none over the id has to be written."""
MOST = 50
Row = AuthenticationRecord | AuditEvent | Delivery


@dataclass(frozen=True, slots=True)
class Other:
    """One more row of the request: when, in which log, in words, and its page."""

    at: datetime
    where: str
    what: str
    url: str


def context(request: HttpRequest, row: Row) -> dict[str, object]:
    """`request_id`, and the other rows of that request that whoever looks may see, by time."""
    at = row.created_at if isinstance(row, Delivery) else row.at
    found = sorted(_others(request, row, at), key=lambda one: one.at) if row.request_id else []
    return {"request_id": row.request_id, "same_request": found}


def _others(request: HttpRequest, row: Row, at: datetime) -> Iterator[Other]:
    span = (at - AROUND, at + AROUND)
    for model, column in ((AuthenticationRecord, "at"), (AuditEvent, "at"), (Delivery, "created_at")):
        if not request.user.has_perm(f"mfa.view_{model._meta.model_name}"):
            continue
        rows = model._default_manager.filter(**{"request_id": row.request_id, f"{column}__range": span})
        rows = rows.exclude(pk=row.pk) if isinstance(row, model) else rows
        for one in rows.order_by("pk")[:MOST]:
            yield _told(request, one)


def _told(request: HttpRequest, row: Row) -> Other:
    url = reverse(f"admin:mfa_{row._meta.model_name}_change", args=[row.pk])
    if isinstance(row, AuthenticationRecord):
        return Other(row.at, _("Authentication log"), f"{row.username} · {row.code} {results.meaning(row.code)}", url)
    if isinstance(row, AuditEvent):
        return Other(row.at, _("Audit trail"), f"{row.action} · {row.username}", url)
    recipient = masks.recipient(row.recipient, masks.sees_all(request))
    what = f"{row.get_channel_display()} · {row.template} · {recipient} · {row.get_state_display()}"
    return Other(row.created_at, _("Deliveries"), what, url)
