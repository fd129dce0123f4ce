"""The audit trail, the authentication log and the outbox, as lists that nobody can change."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from mfa.desk import export, filters, masks
from mfa.desk.readonly import ReadOnly, Rows
from mfa.models import AuditEvent, AuthenticationRecord, Delivery


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


class AuditAdmin(Exportable):
    list_display = ("shown_at", "action", "username", "actor_name", "reason", "address")
    list_filter = (("at", admin.DateFieldListFilter), filters.Action, filters.Actor)
    search_fields = ("=username", "=actor_name", "reason", "=request_id", "=address")
    search_help_text = _("User name of the person or of who acted, words of the reason, address, request id")
    date_hierarchy = "at"
    lookups = ("user__id__exact",)
    fields = ("at", "action", "username", "actor_name", "reason", "details", "address", "request_id")
    exported = ("at", "action", "username", "actor_name", "reason", "details", "address", "request_id")


class RecordAdmin(Exportable):
    list_display = ("shown_at", "username", "application", "kind", "accepted", "code", "cause", "address")
    list_filter = (("at", admin.DateFieldListFilter), "accepted", filters.Outcome, filters.Kind)
    search_fields = ("=username", "=application", "=request_id", "=address")
    search_help_text = _("User name, application, address or request id")
    date_hierarchy = "at"
    lookups = ("user__id__exact",)
    exported = (
        "at", "username", "application", "kind", "accepted", "code", "cause", "address", "duration_ms", "request_id",
    )  # fmt: skip
    fields = exported


class MaskedList(Rows):
    """Recipients as far as the role of the one who looks may see them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        whole = masks.sees_all(request)
        self.result_list: Any = list(self.result_list)
        for delivery in self.result_list:
            _mask(delivery, whole)


def _mask(delivery: Delivery, whole: bool) -> None:
    delivery.recipient = masks.recipient(delivery.recipient, whole)
    delivery.error = masks.raw(delivery.error, whole)  # gateways quote the number in what they answer


class DeliveryAdmin(ReadOnly):
    list_display = ("created_at", "channel", "template", "recipient", "state", "tries", "gateway", "error")
    masked = ("recipient", "error")
    list_filter = ("state", "channel", ("created_at", admin.DateFieldListFilter))
    search_fields = ("=user__username", "=reference")
    search_help_text = _("User name of the person, or the gateway's reference")
    date_hierarchy = "created_at"
    lookups = ("user__id__exact",)
    fields: ClassVar[Any] = (
        "user", "channel", "template", "recipient", "state", "created_at", "expires_at", "tries", "handed_over_at",
        "gateway", "reference", "error",
    )  # fmt: skip

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return MaskedList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).defer("body", "subject").order_by("-created_at", "-pk")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Delivery | None:
        """One message, its recipient as far as the role may see it."""
        found = super().get_object(request, object_id, from_field)
        if isinstance(found, Delivery):
            _mask(found, masks.sees_all(request))
            return found
        return None


MODELS = {AuditEvent: AuditAdmin, AuthenticationRecord: RecordAdmin, Delivery: DeliveryAdmin}
