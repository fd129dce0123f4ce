"""A filtered list as CSV, row by row, safe to open in a spreadsheet, and written down in the audit trail."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from django.contrib.admin import ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Model, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from mfa import audit

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
Row = Callable[[Any], Sequence[object]]


class _Echo:
    """A file that hands each line back to whoever wrote it."""

    def write(self, line: str) -> str:
        return line


def cell(value: object) -> str:
    """The value as text that no spreadsheet takes for a formula; one line, as records are."""
    if value is None:
        return ""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    if isinstance(value, (int, float)):
        return text
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of the file, one at a time: the head, then each row through `cell`."""
    writer = csv.writer(_Echo())
    yield cast(str, writer.writerow(head))
    for row in rows:
        yield cast(str, writer.writerow([cell(value) for value in row]))


def response(
    name: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, actor: User, chosen: Mapping[str, object]
) -> StreamingHttpResponse:
    """The download; `chosen` are its filters. The export itself is audited before its first line leaves."""
    audit.record("list.exported", user=None, actor=actor, list=name, chosen=dict(chosen))
    answer = StreamingHttpResponse(lines(head, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}-{timezone.now():%Y%m%d-%H%M%S}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer


def of_list(request: HttpRequest, model_admin: ModelAdmin[Any], head: Sequence[str], row: Row) -> HttpResponseBase:
    """The rows that the list shows with the filters of the address, all pages of them."""
    try:
        found: QuerySet[Model] = model_admin.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:
        return redirect(list_url(model_admin) + "?e=1")
    return response(
        model_admin.opts.model_name or "list", head, (row(item) for item in found.iterator(chunk_size=1000)),
        actor=cast(User, request.user), chosen=dict(request.GET.items()),
    )  # fmt: skip


def list_url(model_admin: ModelAdmin[Any]) -> str:
    """The address of the list that is exported."""
    return reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")
