"""The authentication log in the admin, and the pages that read it: double prompts, a foreign log, the simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from mfa import explanations, registration
from mfa.authlog import endings, results
from mfa.desk import attempt, double_prompts, export, filters, foreign_log, log_figures, log_filters, simulator
from mfa.desk.readonly import is_number_of_a_row
from mfa.desk.trail import Exportable
from mfa.models import AuthenticationRecord

View = Callable[[HttpRequest], HttpResponseBase]


class RecordAdmin(Exportable):
    list_display = (
        "shown_at", "shown_ending", "shown_result", "username", "application", "gateway", "shown_kind", "rule",
        "address", "duration_ms",
    )  # fmt: skip
    list_filter = (
        ("at", admin.DateFieldListFilter), log_filters.Outcome, log_filters.Where, log_filters.Gateway,
        log_filters.Door, filters.Kind, log_filters.UsedRule,
    )  # fmt: skip
    search_fields = ("=username", "=application", "=gateway", "=request_id", "=address")
    search_help_text = gettext_lazy(
        "User name, application, gateway, address, request id; or a result by number or words"
    )
    date_hierarchy = "at"
    lookups = ("user__id__exact", "accepted__exact")
    change_list_template = "admin/desk/record_list.html"
    exported = (
        "at", "username", "application", "gateway", "kind", "accepted", "code", "cause", "rule", "address",
        "duration_ms", "request_id",
    )  # fmt: skip

    @admin.display(description=gettext_lazy("ended"), ordering="accepted")
    def shown_ending(self, row: AuthenticationRecord) -> str:
        ending = endings.of(row.code, accepted=row.accepted)
        return render_to_string("components/badge.html", {"tone": endings.TONES[ending], "text": ending.label})

    @admin.display(description=gettext_lazy("result"), ordering="code")
    def shown_result(self, row: AuthenticationRecord) -> SafeString:
        """The number, what it means, and the cause where that says more."""
        meaning = results.meaning(row.code)
        if row.cause in ("", meaning):
            return format_html("{} {}", row.code, meaning)
        return format_html('{} {}<br><span class="small muted">{}</span>', row.code, meaning, row.cause)

    @admin.display(description=gettext_lazy("factor"), ordering="kind")
    def shown_kind(self, row: AuthenticationRecord) -> str:
        return explanations.kind_words(row) or row.kind

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuthenticationRecord], search_term: str
    ) -> tuple[QuerySet[AuthenticationRecord], bool]:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        codes = endings.codes_named(search_term)
        return (found | queryset.filter(code__in=codes) if codes else found), may_repeat

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the figures of the one person or application that the filters name."""
        shown: dict[str, Any] = {"kept": log_figures.kept()}
        if self.has_view_permission(request):
            shown["about"] = log_figures.about(request.GET.dict(), now=timezone.now())
        return super().changelist_view(request, shown | (extra_context or {}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return require_safe(self._page)(request, unquote(object_id))

    def _page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        shared = self._shared(request, "")
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        title = _("Attempt of %(person)s") % {"person": row.username or "–"}
        context = shared | attempt.context(request, row, now=timezone.now()) | {"title": title}
        return TemplateResponse(request, "admin/desk/attempt.html", context)

    def get_urls(self) -> list[URLPattern]:
        def page(name: str, view: View, *methods: str) -> URLPattern:
            inner = require_http_methods(list(methods))(view) if methods else require_safe(view)
            return path(f"{name}/", self.admin_site.admin_view(inner), name=f"mfa_authenticationrecord_{name}")

        return [
            page("doubles", self.doubles),
            page("explain", self.explain, "GET", "POST"),
            page("simulate", self.simulate),
            *super().get_urls(),
        ]

    def doubles(self, request: HttpRequest) -> HttpResponseBase:
        shared = self._shared(request, _("Double prompts"))
        may_change = cast(User, request.user).has_perm(registration.RIGHT)
        context = shared | double_prompts.context(request) | {"may_change": may_change}
        return TemplateResponse(request, "admin/desk/double_prompts.html", context)

    def explain(self, request: HttpRequest) -> HttpResponseBase:
        """Nothing of the log is kept: it is in the answer and nowhere else."""
        context = self._shared(request, _("Explain a RADIUS log"))
        form = foreign_log.LogForm(request.POST or None, request.FILES or None, sent=_sent(request))
        if form.is_valid():
            reading = foreign_log.read(form)
            if not form.errors and request.POST.get("do") == "csv":
                return export.response(
                    "radius-log", foreign_log.HEAD, foreign_log.rows(reading), actor=cast(User, request.user), chosen={}
                )
            context |= {} if form.errors else foreign_log.context(reading)
        context["form"] = form
        return TemplateResponse(request, "admin/desk/foreign_log.html", context, status=422 if form.errors else 200)

    def simulate(self, request: HttpRequest) -> HttpResponseBase:
        context = self._shared(request, _("What would be asked?"))
        form = simulator.CaseForm(request.GET if "application" in request.GET else None, initial=request.GET.dict())
        context |= simulator.told(form) if form.is_valid() else {}
        context["form"] = form
        return TemplateResponse(request, "admin/desk/simulator.html", context, status=422 if form.errors else 200)

    def _shared(self, request: HttpRequest, title: str) -> dict[str, Any]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.admin_site.each_context(request) | {"opts": self.opts, "title": title}


def _sent(request: HttpRequest) -> int:
    """Bytes of the request's body, as the web server counted them."""
    length = str(request.META.get("CONTENT_LENGTH") or "")
    return int(length) if is_number_of_a_row(length) else 0
