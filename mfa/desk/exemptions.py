"""Exemptions in the admin: who is let off what is required, until when, and who answers for it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.utils import unquote
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from mfa.desk.readonly import ReadOnly
from mfa.models import Exemption


class Now(SimpleListFilter):
    """By the clock, not by a column: an exemption is over by itself."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, Any]]:
        return [("now", gettext_lazy("holds now")), ("over", gettext_lazy("is over"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        holds = Q(ended_at=None, until__gt=timezone.now())
        return {"now": queryset.filter(holds), "over": queryset.exclude(holds)}.get(self.value() or "", queryset)


class ExemptionAdmin(ReadOnly):
    list_display = ("user", "shown_state", "until", "shown_owner", "reason", "created_at")
    list_filter = (Now, ("until", admin.DateFieldListFilter))
    list_select_related = ("user", "owner")
    search_fields = ("=user__username", "=owner__username")
    search_help_text = gettext_lazy("User name of the person or of the owner")
    fields = ("user", "until", "owner", "reason", "created_at", "ended_at", "reminded_at")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Headed by whom it is about."""
        row = self.get_object(request, unquote(object_id))
        headed = {"title": _("Exemption of %(person)s") % {"person": row.user.get_full_name()}} if row else {}
        return super().change_view(request, object_id, form_url, {"subtitle": None} | headed | (extra_context or {}))

    @admin.display(description=gettext_lazy("owner"))
    def shown_owner(self, row: Exemption) -> str:
        """Whoever left answers for nothing any more, and is reminded of nothing."""
        owner = row.owner.username
        return owner if row.owner.is_active else _("%(owner)s (account deactivated)") % {"owner": owner}

    @admin.display(description=gettext_lazy("state"))
    def shown_state(self, row: Exemption) -> str:
        if row.ended_at is not None:
            return _("ended early")
        return _("holds now") if row.until > timezone.now() else _("is over")
