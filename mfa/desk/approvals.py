"""Approvals in the admin: what waits for a second person, and the page on which that person decides."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from mfa import approvals
from mfa.desk import vouching
from mfa.desk.readonly import ReadOnly
from mfa.models import Approval

TONES = {"open": "warn", "approved": "info", "used": "ok", "declined": "danger", "withdrawn": "off", "expired": "off"}


class Now(admin.SimpleListFilter):
    """By the clock, not by the column alone: an approval expires by itself."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(Approval.State.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        over = Q(state=Approval.State.EXPIRED) | Q(state__in=approvals.LIVE, expires_at__lte=timezone.now())
        match self.value():
            case Approval.State.EXPIRED:
                return queryset.filter(over)
            case str(state) if state in Approval.State.values:
                return queryset.filter(state=state).exclude(over)
        return queryset


class ApprovalAdmin(ReadOnly):
    list_display = ("words", "shown_state", "asked_by", "asked_at", "decided_by", "decided_at")
    list_display_links = ("words",)
    list_filter = (Now, ("asked_at", admin.DateFieldListFilter))
    list_select_related = ("asked_by", "decided_by")
    search_fields = ("=asked_by__username", "=decided_by__username", "=user__username")
    search_help_text = gettext_lazy("User name of whoever asked or decided, or of the person it is about")

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def shown_state(self, row: Approval) -> SafeString:
        state = _state(row, timezone.now())
        return render_to_string("components/badge.html", {"tone": TONES[state], "text": Approval.State(state).label})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        """All for whoever may read the trail; for others what they asked for or may decide."""
        actor = cast(User, request.user)
        rows: QuerySet[Approval] = super().get_queryset(request)
        if actor.has_perm("mfa.view_auditevent"):
            return rows
        return rows.filter(Q(asked_by=actor) | Q(right__in=actor.get_all_permissions()))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/approve/", wrap(require_POST(self.approve)), name="mfa_approval_approve"),
            path("<int:pk>/decline/", wrap(require_POST(self.decline)), name="mfa_approval_decline"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one; there is no form behind it."""
        return require_safe(self._page)(request, object_id)

    def _page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._row(request, unquote(object_id))
        now, actor = timezone.now(), cast(User, request.user)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts, "title": row.words, "row": row, "state": Approval.State(_state(row, now)).label,
            "tone": TONES[_state(row, now)], "why_not": approvals.why_not(row, actor, now=now),
            "own": actor.pk == row.asked_by_id, "alive": row.state in approvals.LIVE and now < row.expires_at,
            "raises": row.act in vouching.RAISES,
            "alone": row.state == Approval.State.OPEN and not approvals.deciders(row).exists(),
        }  # fmt: skip
        return TemplateResponse(request, "admin/desk/approval.html", context)

    def approve(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._decide(request, pk, _("Approved. Whoever asked can do it now, once."), approved=True)

    def decline(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._decide(request, pk, _("Nothing will be done."), approved=False)

    def _decide(self, request: HttpRequest, pk: int, said: str, *, approved: bool) -> HttpResponse:
        self._row(request, str(pk))
        try:
            approvals.decide(pk, approved, actor=cast(User, request.user), now=timezone.now())
        except approvals.CannotDecide as refused:
            messages.warning(request, str(refused))
        else:
            messages.success(request, said)
        return redirect("admin:mfa_approval_change", pk)

    def _row(self, request: HttpRequest, object_id: str) -> Approval:
        """The row, for whoever may see it; whoever may not even look can decide nothing."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if not isinstance(row, Approval):
            raise Http404 if cast(User, request.user).has_perm("mfa.view_auditevent") else PermissionDenied
        if request.method == "POST" and row.asked_by_id != request.user.pk and not _holds(request, row):
            raise PermissionDenied
        return row


def _holds(request: HttpRequest, row: Approval) -> bool:
    return cast(User, request.user).has_perm(row.right)


def _state(row: Approval, now: datetime) -> str:
    """What it is now: whether it has expired is judged by the clock."""
    return Approval.State.EXPIRED if row.state in approvals.LIVE and now >= row.expires_at else row.state
