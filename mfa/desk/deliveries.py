"""The outbox in the admin: the list, one delivery with its conversation, and sending a test message to watch."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from mfa import roles
from mfa.desk import delivery_figures, filters, masks, same_request, test_message, traces
from mfa.desk.readonly import ReadOnly, Rows
from mfa.models import Delivery
from mfa.outcomes import Refused
from mfa.pages.sessions import left_alone
from mfa.proof import full_proof_required


class MaskedList(Rows):
    """Recipients as far as the role of the one who looks may see them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        whole = masks.sees_all(request)
        self.result_list: Any = list(self.result_list)
        for delivery in self.result_list:
            _mask(delivery, whole)


class DeliveryAdmin(ReadOnly):
    list_display = ("created_at", "channel", "template", "recipient", "state", "tries", "gateway", "error")
    masked = ("recipient", "error")
    list_filter = ("state", "channel", filters.Gateway, filters.Message, ("created_at", admin.DateFieldListFilter))
    search_fields = ("=user__username", "=reference", "=request_id")
    search_help_text = gettext_lazy(
        "User name of the person, the gateway's reference, or a request id; for admins the recipient too"
    )
    date_hierarchy = "created_at"
    lookups = ("user__id__exact",)
    change_list_template = "admin/desk/delivery_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return MaskedList

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """By recipient only for who sees recipients: else a search would tell what the mask hides."""
        return (*self.search_fields, *(("=recipient",) if masks.sees_all(request) else ()))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rows = super().get_queryset(request).defer("body", "subject", "trace", "receipts")
        return cast("QuerySet[Delivery]", rows.order_by("-created_at", "-pk"))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("test/", wrap(require_http_methods(["GET", "POST"])(self.test)), name="mfa_delivery_test"),
            path("<int:pk>/part/", wrap(require_safe(self.part)), name="mfa_delivery_part"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        shown = {"may_test": _may_test(request)}
        if self.has_view_permission(request):
            shown |= delivery_figures.context(now=timezone.now())
        return super().changelist_view(request, shown | (extra_context or {}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return require_safe(self._page)(request, object_id)

    def _page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        context = self._shown(request, unquote(object_id))
        return TemplateResponse(request, "admin/desk/delivery.html", self._shared(request) | context)

    @method_decorator(left_alone)
    def part(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What changes while the message is on its way."""
        return render(request, "admin/desk/delivery_part.html", self._shown(request, str(pk)))

    def test(self, request: HttpRequest) -> HttpResponse:
        """Send a message to any recipient, and go on to the page on which its steps appear."""
        if not _may_test(request):
            raise PermissionDenied
        return full_proof_required(self._test)(request)

    def _test(self, request: HttpRequest) -> HttpResponse:
        form = test_message.TestForm(request.POST or None)
        if form.is_valid():
            try:
                delivery = test_message.send(
                    form.cleaned_data["channel"], form.recipient, actor=cast(User, request.user), now=timezone.now()
                )
            except Refused as refused:
                form.add_error(None, refused.words)
            else:
                return redirect("admin:mfa_delivery_change", delivery.pk)
        context = self._shared(request) | {"form": form, "title": _("Send a test message")}
        return TemplateResponse(request, "admin/desk/delivery_test.html", context, status=422 if form.errors else 200)

    def _shown(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_object(request, object_id)
        if not isinstance(found, Delivery):
            raise Http404
        whole = masks.sees_all(request)
        shown = traces.shown(found, whole=whole, now=timezone.now())
        _mask(found, whole)
        part_url = reverse("admin:mfa_delivery_part", args=[found.pk])
        of_request = same_request.context(request, found)
        return {"delivery": found, "title": _title(found), "part_url": part_url, **shown, **of_request}

    def _shared(self, request: HttpRequest) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {"opts": self.opts}


def _may_test(request: HttpRequest) -> bool:
    return cast(User, request.user).has_perm(roles.SEND_TEST)


def _mask(delivery: Delivery, whole: bool) -> None:
    delivery.recipient = masks.recipient(delivery.recipient, whole)
    delivery.error = masks.in_text(delivery.error, whole)  # gateways quote the number in what they answer
    delivery.reference = masks.in_text(delivery.reference, whole)


def _title(delivery: Delivery) -> str:
    """As the page's heading says it; the recipient is masked by then."""
    return f"{delivery.get_channel_display()} · {delivery.recipient}"
