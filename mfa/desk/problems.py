"""What the portal cannot use in the directory: the list, and its downloads for whoever corrects it there."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.directory import corrections, report
from accounts.models import SyncProblem, User
from mfa.desk import export, masks
from mfa.desk.filters import Choices
from mfa.desk.readonly import Rows
from mfa.desk.trail import Exportable
from mfa.templatetags.dn import dn


class Counted(SimpleListFilter):
    """By the values that one column has among the open problems, each with how often."""

    column = ""

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        found = report.open_problems().order_by(self.column).values_list(self.column).annotate(Count("pk"))
        return [(value, f"{value.replace('_', ' ')} ({count})") for value, count in found if value]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class Reason(Counted):
    title = _("reason")
    parameter_name = column = "reason"


class Attribute(Counted):
    title = _("attribute")
    parameter_name = column = "attribute"


class MaskedList(Rows):
    """Values as far as the role of the one who looks may see them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        whole = masks.sees_all(request)
        self.result_list: Any = list(self.result_list)
        for problem in self.result_list:
            _mask(problem, whole)


class ProblemAdmin(Exportable):
    list_display = ("person", "shown_value", "words", "suggestion")
    list_display_links = None
    masked = ("suggestion",)
    ordering = ("username", "pk")
    list_filter = (Reason, Attribute)
    list_select_related = ("user", "run")
    search_fields = ("username", "dn")
    search_help_text = _("User name or distinguished name")
    change_list_template = "admin/desk/problem_list.html"

    @admin.display(description=_("person"), ordering="username")
    def person(self, problem: SyncProblem) -> SafeString:
        name = problem.username or problem.dn
        if problem.user_id is None:
            return format_html('{}<br><span class="small muted">{}</span>', name, dn(problem.dn))
        url = reverse("admin:accounts_user_change", args=[problem.user_id])
        return format_html('<a href="{}">{}</a><br><span class="small muted">{}</span>', url, name, dn(problem.dn))

    @admin.display(description=_("value"))
    def shown_value(self, problem: SyncProblem) -> SafeString | str:
        if not problem.value:
            return problem.attribute or "–"
        return format_html('<code>{}</code><br><span class="small muted">{}</span>', problem.value, problem.attribute)

    @admin.display(description=_("what is wrong"), ordering="reason")
    def words(self, problem: SyncProblem) -> SafeString | str:
        told = report.words(problem.reason)
        rule = _("Country found by: %(rule)s") % {"rule": problem.rule}
        return format_html('{}<br><span class="small muted">{}</span>', told, rule) if problem.rule else told

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncProblem]:
        return report.open_problems()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return MaskedList

    def get_urls(self) -> list[URLPattern]:
        """The list and its downloads; a single problem has no page."""
        corrections_view = self.admin_site.admin_view(require_POST(self.corrections))
        lists = [url for url in super().get_urls() if str(url.name).endswith(("_changelist", "_export"))]
        return [path("corrections/", corrections_view, name="accounts_syncproblem_corrections"), *lists]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:  # type: ignore[override]
        return super().changelist_view(request, {"sees_all": masks.sees_all(request)} | (extra_context or {}))

    def export(self, request: HttpRequest) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        whole = masks.sees_all(request)
        return export.of_list(request, self, report.HEAD, lambda problem: _row(problem, whole))

    def corrections(self, request: HttpRequest) -> HttpResponseBase:
        """What the filters leave, as changes for the directory: only for who may see the numbers whole."""
        if not (self.has_view_permission(request) and masks.sees_all(request)):
            raise PermissionDenied
        found = export.chosen_rows(request, self)
        if found is None:
            return redirect(export.list_url(self) + "?e=1")
        return export.download(
            "corrections", "ldif", "text/plain", corrections.lines(found), actor=cast(User, request.user),
            chosen=dict(request.GET.items()),
        )  # fmt: skip


def _mask(problem: SyncProblem, whole: bool) -> None:
    problem.value = masks.raw(problem.value, whole)
    problem.suggestion = masks.phone(problem.suggestion, whole)


def _row(problem: SyncProblem, whole: bool) -> tuple[object, ...]:
    _mask(problem, whole)
    return report.row(problem)
