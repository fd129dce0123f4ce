"""A filtered list as CSV, row by row, safe to open in a spreadsheet, and written down in the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.spreadsheet import lines
from mfa import audit

Row = Callable[[Any], Sequence[object]]


def response(
    name: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, actor: User, chosen: Mapping[str, object]
) -> StreamingHttpResponse:
    """The rows as CSV; `chosen` are the filters."""
    return download(name, "csv", "text/csv", lines(head, rows), actor=actor, chosen=chosen)


def download(
    name: str, suffix: str, media_type: str, content: Iterable[str], *, actor: User, chosen: Mapping[str, object]
) -> StreamingHttpResponse:
    """A file in lines. The export itself is audited before its first line leaves."""
    audit.record("list.exported", user=None, actor=actor, list=name, chosen=dict(chosen))
    answer = StreamingHttpResponse(content, content_type=f"{media_type}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}-{timezone.now():%Y%m%d-%H%M%S}.{suffix}"'
    answer["Cache-Control"] = "no-store"
    return answer


def of_list(request: HttpRequest, model_admin: ModelAdmin[Any], head: Sequence[str], row: Row) -> HttpResponseBase:
    """The rows of `chosen_rows` as CSV."""
    found = chosen_rows(request, model_admin)
    if found is None:
        return redirect(list_url(model_admin) + "?e=1")
    return response(
        model_admin.opts.model_name or "list", head, (row(item) for item in found.iterator(chunk_size=1000)),
        actor=cast(User, request.user), chosen=dict(request.GET.items()),
    )  # fmt: skip


def chosen_rows(request: HttpRequest, model_admin: ModelAdmin[Any]) -> QuerySet[Any] | None:
    """What the list shows with the filters of the address, all pages of it; None where those make no sense."""
    try:
        return model_admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:
        return None


def list_url(model_admin: ModelAdmin[Any]) -> str:
    """The address of the list that is exported."""
    return reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")
