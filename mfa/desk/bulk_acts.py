"""Acts on lists in the admin: what was ordered, how far each is, and whom it left out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from mfa.desk import acts, bulk as bulks, bulk_work, export, seek
from mfa.desk.readonly import ReadOnly
from mfa.models import BulkAct, BulkPerson
from mfa.pages.sessions import left_alone

TONES = {"asked": "warn", "queued": "info", "running": "info", "stopped": "warn", "cancelled": "off", "done": "ok"}
CSV_HEAD = ("user name", "name", "result", "in words")


class BulkAdmin(ReadOnly):
    list_display = ("asked_at", "shown_act", "shown_state", "actor", "total", "reason")
    list_filter = ("state", ("asked_at", admin.DateFieldListFilter))
    list_select_related = ("actor",)
    search_fields = ("=actor__username", "reason")
    search_help_text = gettext_lazy("User name of whoever ordered it, or words of the reason")

    @admin.display(description=gettext_lazy("act"), ordering="act")
    def shown_act(self, bulk: BulkAct) -> str:
        return str(acts.BY_SLUG[bulk.act].label) if bulk.act in acts.BY_SLUG else bulk.act

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def shown_state(self, bulk: BulkAct) -> SafeString:
        badge = {"tone": TONES[bulk.state], "text": bulk.get_state_display()}
        return render_to_string("components/badge.html", badge)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkAct]:
        """All for whoever may read the trail; for others what they ordered, and what they may do themselves."""
        actor = cast(User, request.user)
        rows: QuerySet[BulkAct] = super().get_queryset(request).select_related("actor")
        if actor.has_perm("mfa.view_auditevent"):
            return rows
        return rows.filter(Q(actor=actor) | Q(right__in=actor.get_all_permissions()))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/part/", wrap(require_safe(self.part)), name="mfa_bulkact_part"),
            path("<int:pk>/start/", wrap(require_POST(self.start)), name="mfa_bulkact_start"),
            path("<int:pk>/cancel/", wrap(require_POST(self.cancel)), name="mfa_bulkact_cancel"),
            path("<int:pk>/people.csv", wrap(require_POST(self.csv)), name="mfa_bulkact_csv"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one; there is no form behind it."""
        return require_safe(self._page)(request, object_id)

    def _page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        bulk = self._row(request, unquote(object_id))
        actor, now = cast(User, request.user), timezone.now()
        found = bulks.approval(bulk, now=now)
        counts = _counts(bulk)
        context = self.admin_site.each_context(request) | _progress(bulk, counts) | {
            "opts": self.opts, "title": self.shown_act(bulk), "part_url": _url("part", bulk), "approval": found,
            "own": bulk.actor_id == actor.pk, "approved": found is not None and found.state == found.State.APPROVED,
            "may_cancel": bulk.state in bulks.MAY_END and bulks.may_cancel(bulk, actor),
            "filters": ", ".join(bulk.chosen.values()), "ticket": bulk.answers.get("ticket", ""),
            **_rest(bulk, now), **_shown(bulk, counts, request),
        }  # fmt: skip
        return TemplateResponse(request, "admin/desk/bulk.html", context)

    @method_decorator(left_alone)
    def part(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The progress alone; once it has ended the whole page is loaded anew."""
        bulk = self._row(request, str(pk))
        if bulk.state not in bulks.AT_WORK:
            return redirect("admin:mfa_bulkact_change", bulk.pk)
        return render(request, "admin/desk/bulk_part.html", _progress(bulk, _counts(bulk)))

    def start(self, request: HttpRequest, pk: int) -> HttpResponse:
        self._row(request, str(pk), ordered_by=cast(User, request.user))
        try:
            bulks.start(pk, actor=cast(User, request.user), now=timezone.now())
        except bulks.CannotStart as refused:
            messages.warning(request, str(refused))
        else:
            bulk_work.wake(pk)
        return redirect("admin:mfa_bulkact_change", pk)

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        bulk, actor = self._row(request, str(pk)), cast(User, request.user)
        if not bulks.may_cancel(bulk, actor):
            raise PermissionDenied
        if bulks.cancel(pk, actor=actor, now=timezone.now()):
            messages.success(request, _("It is cancelled. What was done stays done; nobody else is reached."))
        else:
            messages.info(request, _("It was over already."))
        return redirect("admin:mfa_bulkact_change", pk)

    def csv(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Everybody of the view that the page shows."""
        bulk = self._row(request, str(pk))
        view = request.GET.get("view", "")
        rows = bulk.people.select_related("user").order_by("pk")
        rows = rows.filter(state=view) if view in BulkPerson.State.values else rows
        return export.response(
            f"list-{bulk.pk}", CSV_HEAD, _lines(rows), actor=cast(User, request.user), chosen={"view": view}
        )

    def _row(self, request: HttpRequest, object_id: str, *, ordered_by: User | None = None) -> BulkAct:
        """The row, for whoever may see it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        bulk = self.get_object(request, object_id)
        if not isinstance(bulk, BulkAct):
            raise Http404 if cast(User, request.user).has_perm("mfa.view_auditevent") else PermissionDenied
        if ordered_by is not None and bulk.actor_id != ordered_by.pk:
            raise PermissionDenied
        return bulk


def _url(name: str, bulk: BulkAct) -> str:
    return reverse(f"admin:mfa_bulkact_{name}", args=[bulk.pk])


def _counts(bulk: BulkAct) -> dict[str, int]:
    found = dict(bulk.people.order_by().values_list("state").annotate(count=Count("pk")))
    return {name: found.get(name, 0) for name in BulkPerson.State.values}


def _progress(bulk: BulkAct, counts: dict[str, int]) -> dict[str, Any]:
    labels = {state.value: state.label for state in BulkPerson.State}
    return {
        "bulk": bulk, "running": bulk.state in bulks.AT_WORK, "tone": TONES[bulk.state],
        "reached": bulk.total - counts[BulkPerson.State.WAITING], "step": bulk.get_state_display(),
        "silent": bulk.beat_at is not None and timezone.now() - bulk.beat_at > bulk_work.SILENT_TOO_LONG,
        "counts": [(labels[name], count) for name, count in counts.items() if count],
    }  # fmt: skip


def _rest(bulk: BulkAct, now: datetime) -> dict[str, Any]:
    """Whether and until when it can be started, or gone on with; else the page on which the rest is ordered anew."""
    begun = bulk.state != BulkAct.State.ASKED
    left, over = bulks.is_open(bulk), bulks.is_over(bulk, now=now)
    again = reverse("admin:accounts_user_all_act", args=[bulk.act]) + "?" + urlencode(bulk.chosen)
    return {
        "goes_on": begun and left and not over, "good_until": bulk.asked_at + bulks.GOOD_FOR, "over": over,
        "again_url": again if left and over else "",
    }  # fmt: skip


def _shown(bulk: BulkAct, counts: dict[str, int], request: HttpRequest) -> dict[str, Any]:
    """The lower part of the page: the people of one view, those who were left out first."""
    order = (BulkPerson.State.FAILED, BulkPerson.State.SKIPPED, BulkPerson.State.WAITING, BulkPerson.State.DONE)
    views = [(state.value, state.label, counts[state]) for state in order if counts[state]]
    asked = request.GET.get("view", "")
    view = asked if any(asked == name for name, _label, _count in views) else views[0][0] if views else ""
    rows = bulk.people.filter(state=view).select_related("user")
    return {"views": views, "view": view, "page": seek.page(rows, request.GET), "csv_url": _url("csv", bulk)}


def _lines(rows: QuerySet[BulkPerson]) -> Iterable[tuple[object, ...]]:
    for row in rows.iterator(chunk_size=1000):
        yield row.user.username, row.user.name, row.get_state_display(), row.words
