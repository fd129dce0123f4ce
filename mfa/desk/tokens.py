"""Hardware tokens in the admin: the list, the page of one, and what may be done with it. No secret is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts import names
from accounts.models import User
from mfa import enrolment, roles
from mfa.desk import pace, reach, token_import
from mfa.desk.filters import Choices
from mfa.desk.readonly import ReadOnly, Rows, is_number_of_a_row
from mfa.desk.run_orders import ReasonForm
from mfa.models import Factor, HardwareToken
from mfa.tokens import stock
from mfa.tokens.reading import normal_serial

HELD = Exists(Factor.objects.filter(kind=stock.KIND, key=OuterRef("key")))


class Whereabouts(SimpleListFilter):
    title = gettext_lazy("where it is")
    parameter_name = "where"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> Choices:
        return (("stock", _("In stock")), ("held", _("Held by somebody")), ("lost", _("Lost")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found = {"stock": Q(lost_at=None) & ~Q(HELD), "held": Q(HELD), "lost": Q(lost_at__isnull=False)}
        return queryset.filter(found.get(self.value() or "", Q()))


class TokenList(Rows):
    """One page of tokens with who holds them, in a fixed number of queries."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        tokens = list(self.result_list)
        keys = [token.key for token in tokens]
        held = Factor.objects.filter(kind=stock.KIND, key__in=keys).select_related("user").defer("secret")
        holders = {factor.key: factor.user for factor in held}
        for token in tokens:
            token.shown_holder = holders.get(token.key)
        self.result_list: Any = tokens


class TokenAdmin(ReadOnly):
    list_display = ("serial", "method", "held_by", "whereabouts", "manufacturer", "batch", "imported_at")
    list_filter = (Whereabouts, "method", ("imported_at", admin.DateFieldListFilter))
    list_select_related = ("batch",)
    search_fields = ("serial",)
    search_help_text = gettext_lazy("Serial number or a part of it, or the user name of who holds it")
    lookups = ("batch__id__exact",)
    change_list_template = "admin/desk/token_list.html"

    @admin.display(description=gettext_lazy("held by"))
    def held_by(self, token: Any) -> str:
        return token.shown_holder.username if token.shown_holder else "–"

    @admin.display(description=gettext_lazy("where it is"))
    def whereabouts(self, token: Any) -> str:
        return whereabouts(token, token.shown_holder)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return TokenList

    def get_queryset(self, request: HttpRequest) -> QuerySet[HardwareToken]:
        return super().get_queryset(request).defer("secret", "state")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        held = Factor.objects.filter(kind=stock.KIND, user__username=names.normalise(search_term)).values("key")
        return queryset.filter(Q(serial__contains=normal_serial(search_term)) | Q(key__in=held)), False

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("import/", guarded(self.import_view), name="mfa_hardwaretoken_import"),
            path("import/<int:pk>/", guarded(self.preview_view), name="mfa_hardwaretoken_preview"),
            path("<int:pk>/do/<slug:act>/", guarded(require_POST(self.act_view)), name="mfa_hardwaretoken_act"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:  # type: ignore[override]
        may = cast(User, request.user).has_perm(roles.IMPORT_TOKENS)
        return super().changelist_view(request, {"may_import": may} | (extra_context or {}))

    def import_view(self, request: HttpRequest) -> HttpResponse:
        return token_import.choose(self, request)

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return token_import.look(self, request, pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one token; there is no form of its columns behind it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not is_number_of_a_row(object_id):
            raise Http404
        return require_safe(self._page)(request, int(object_id), ReasonForm())

    def act_view(self, request: HttpRequest, pk: int, act: str) -> HttpResponse:
        """Take back, mark as lost, or put back into stock, with a reason."""
        actor = cast(User, request.user)
        if not actor.has_perm(roles.ASSIGN_TOKENS):
            raise PermissionDenied
        if act not in DONE:
            raise Http404
        form = ReasonForm(request.POST)
        token = get_object_or_404(HardwareToken, pk=pk)
        refused = why_not(actor, token)
        if refused:
            messages.warning(request, refused)
        elif not form.is_valid():
            return self._page(request, pk, form)
        elif refused := _done(act, token, actor, form.cleaned_data["reason"]):
            messages.warning(request, refused)
        else:
            messages.success(request, DONE[act])
        return redirect("admin:mfa_hardwaretoken_change", pk)

    def _page(self, request: HttpRequest, pk: int, form: ReasonForm) -> HttpResponse:
        token = get_object_or_404(HardwareToken.objects.defer("secret", "state").select_related("batch"), pk=pk)
        factor = stock.holder(token)
        actor = cast(User, request.user)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts, "title": _("Token %(serial)s") % {"serial": token.serial}, "subtitle": None,
            "token": token, "factor": factor, "where": whereabouts(token, factor), "form": form,
            "may": actor.has_perm(roles.ASSIGN_TOKENS), "refused": why_not(actor, token),
        }  # fmt: skip
        return TemplateResponse(request, "admin/desk/token.html", context, status=422 if form.errors else 200)


def whereabouts(token: HardwareToken, held: object) -> str:
    """Where a token is, in words."""
    if token.lost_at is not None:
        return _("lost")
    return _("held") if held else _("in stock")


def why_not(actor: User, token: HardwareToken) -> str:
    """Why the actor may not act on the token because of who holds it; empty where they may."""
    factor = stock.holder(token)
    return reach.out_of_reach(actor, factor.user) if factor else ""


@transaction.atomic
def _done(act: str, token: HardwareToken, actor: User, reason: str) -> str:
    """Do it, or say why the agent must stop: what is taken from somebody counts as a reset does."""
    now = timezone.now()
    factor = stock.holder(token)
    for pk in sorted({actor.pk, *([factor.user_id] if factor else [])}):
        enrolment.lock_person(User(pk=pk))
    if factor and (refused := pace.stop(roles.ASSIGN_TOKENS, actor, now=now)):
        return refused
    if act == "found":
        stock.find(token, actor=actor, reason=reason)
    else:
        TAKES[act](token, actor=actor, reason=reason, now=now)
    return ""


TAKES: dict[str, Callable[..., object]] = {"take-back": stock.take_back, "lost": stock.lose}
DONE = {
    "take-back": gettext_lazy("The token is back in stock."),
    "lost": gettext_lazy("The token is marked as lost. Nobody can use it or be given it."),
    "found": gettext_lazy("The token is back in stock."),
}
