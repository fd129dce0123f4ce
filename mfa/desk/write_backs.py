"""Numbers on their way into the directory: the list, and ordering anew what the directory did not take."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST

from accounts.directory import write_back
from accounts.models import User, WriteBack
from mfa import audit
from mfa.desk import masks
from mfa.desk.readonly import ReadOnly, Rows

AGAIN = "accounts.change_writeback"


class MaskedNumbers(Rows):
    """Numbers as far as the role of the one who looks may see them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        whole = masks.sees_all(request)
        self.result_list: Any = [_masked(row, whole) for row in self.result_list]


class WriteBackAdmin(ReadOnly):
    list_display = ("created_at", "user", "e164", "state", "attempts", "next_try", "answer")
    masked = ("e164", "answer")
    list_filter = ("state", ("created_at", admin.DateFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("=user__username",)
    search_help_text = gettext_lazy("User name of the person")
    date_hierarchy = "created_at"
    lookups = ("user__id__exact",)
    fields = ("user", "e164", "expected", "state", "answer", "attempts", "created_at", "next_try", "ended_at")
    readonly_fields = ("next_try",)
    change_form_template = "admin/desk/write_back.html"

    @admin.display(description=gettext_lazy("next try"))
    def next_try(self, row: WriteBack) -> str:
        if row.state != WriteBack.State.QUEUED:
            return "–"
        return date_format(timezone.localtime(row.next_try_at), "DATETIME_FORMAT")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return MaskedNumbers

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> WriteBack | None:
        found = super().get_object(request, object_id, from_field)
        return _masked(found, masks.sees_all(request)) if isinstance(found, WriteBack) else None

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(require_POST(self.again))
        return [path("<int:pk>/again/", again, name="accounts_writeback_again"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        found = self.get_object(request, object_id)
        ended = found is not None and found.state in (WriteBack.State.REFUSED, WriteBack.State.GIVEN_UP)
        shown: dict[str, Any] = {"may_order": ended and cast(User, request.user).has_perm(AGAIN), "subtitle": None}
        if found is not None:
            shown["title"] = _("Number of %(person)s for the directory") % {"person": found.user.get_full_name()}
        return super().change_view(request, object_id, form_url, shown | (extra_context or {}))

    def again(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Try again what the directory refused, or what was given up."""
        actor = cast(User, request.user)
        if not actor.has_perm(AGAIN):
            raise PermissionDenied
        row = get_object_or_404(WriteBack.objects.select_related("user"), pk=pk)
        with transaction.atomic():
            done = write_back.try_again(row.pk, now=timezone.now())
            if done:
                audit.record("phone.write-back-ordered", user=row.user, actor=actor)
        if done:
            messages.success(request, _("A worker tries again now. Load this page anew to see how it went."))
        else:
            messages.warning(request, _("Nothing was ordered: the person has another number, or it is on its way."))
        return redirect("admin:accounts_writeback_change", pk)


def _masked(row: WriteBack, whole: bool) -> WriteBack:
    row.e164, row.expected = masks.phone(row.e164, whole), masks.phone(row.expected, whole)
    row.answer = masks.raw(row.answer, whole)  # directories quote the value that they refuse
    return row
