"""What the trails have in common, which are lists that nobody can change; and the audit trail."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from mfa.desk import export, filters, same_request
from mfa.desk.readonly import ReadOnly
from mfa.models import AuditEvent
from mfa.pages import events


class Exportable(ReadOnly):
    """A list with "Export as CSV": the columns named in `exported`, of the rows that the filters leave."""

    change_list_template = "admin/desk/exportable_list.html"
    exported: tuple[str, ...] = ()

    @admin.display(description=_("time"), ordering="at")
    def shown_at(self, row: Any) -> str:
        """To the second, in figures: these lists are read beside other logs."""
        return f"{timezone.localtime(row.at):%Y-%m-%d %H:%M:%S}"

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(require_POST(self.export))
        return [path("export/", view, name=name), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return export.of_list(
            request, self, self.exported, lambda item: [getattr(item, column) for column in self.exported]
        )


class OfRequest(Exportable):
    """A trail whose rows come of requests: the page of one row shows the others of its request."""

    change_form_template = "admin/desk/record.html"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        event = kwargs["obj"]
        context |= same_request.context(request, event) | {"title": events.words(event), "subtitle": None}
        return super().render_change_form(request, context, *args, **kwargs)


class AuditAdmin(OfRequest):
    list_display = ("shown_at", "shown_action", "username", "actor_name", "reason", "address")
    list_filter = (("at", admin.DateFieldListFilter), filters.Action, filters.Actor)
    search_fields = ("=username", "=actor_name", "reason", "=request_id", "=address")
    search_help_text = _("User name of the person or of who acted, words of the reason, address, request id")
    date_hierarchy = "at"
    lookups = ("user__id__exact",)
    fields = ("at", "action", "username", "actor_name", "reason", "details", "address", "request_id")
    exported = ("at", "action", "username", "actor_name", "reason", "details", "address", "request_id")

    @admin.display(description=_("action"), ordering="action")
    def shown_action(self, event: AuditEvent) -> str | SafeString:
        """In the words of the person's history, and by its name in the trail."""
        words = events.words(event)
        if words == event.action:
            return words
        return format_html('{}<br><span class="small muted">{}</span>', words, event.action)
