"""Directory runs in the admin: the list, starting one, and the page of one with its progress and its report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
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
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import SyncAlarm, SyncRun, User
from mfa import audit, roles
from mfa.desk import export, masks, run_charts, run_orders, run_page, run_report, run_undo
from mfa.desk.readonly import ReadOnly
from mfa.pages.sessions import left_alone
from mfa.proof import full_proof_required

WAIT_PATIENTLY = timedelta(seconds=60)


class RunAdmin(ReadOnly):
    list_display = ("started_at", "shown_state", "extent", "started_by", "took", "shown_counts")
    list_filter = ("state", "mode", "trigger", "dry_run")
    date_hierarchy = "started_at"
    change_list_template = "admin/desk/run_list.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("actor")

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def shown_state(self, run: SyncRun) -> SafeString:
        badge = {"tone": run_report.TONES.get(run.state, "off"), "text": run.get_state_display()}
        return render_to_string("components/badge.html", badge)

    @admin.display(description=gettext_lazy("extent"), ordering="mode")
    def extent(self, run: SyncRun) -> str:
        extent = run.get_mode_display()
        return _("%(extent)s (dry run)") % {"extent": extent} if run.dry_run else extent

    @admin.display(description=gettext_lazy("started by"), ordering="trigger")
    def started_by(self, run: SyncRun) -> str:
        return str(run.actor or run.get_trigger_display())

    @admin.display(description=gettext_lazy("took"))
    def took(self, run: SyncRun) -> str:
        return run_charts.lasted((run.finished_at - run.started_at).total_seconds()) if run.finished_at else "–"

    @admin.display(description=gettext_lazy("counts"))
    def shown_counts(self, run: SyncRun) -> str:
        return run_report.in_words(run.counts)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("start/", wrap(require_POST(self.start)), name="accounts_syncrun_start"),
            path("started/", wrap(require_safe(self.started)), name="accounts_syncrun_started"),
            path("started/part/", wrap(require_safe(self.started_part)), name="accounts_syncrun_started_part"),
            path("charts/", wrap(require_safe(self.history)), name="accounts_syncrun_charts"),
            path("<int:pk>/part/", wrap(require_safe(self.part)), name="accounts_syncrun_part"),
            path("<int:pk>/rows.csv", wrap(require_POST(self.csv)), name="accounts_syncrun_csv"),
            path("<int:pk>/confirm/", wrap(self._order(run_orders.CONFIRM)), name="accounts_syncrun_confirm"),
            path("<int:pk>/undo/", wrap(self._order(run_orders.TAKE_BACK)), name="accounts_syncrun_undo"),
            *super().get_urls(),
        ]

    def start(self, request: HttpRequest) -> HttpResponse:
        """Ask the workers for a run; one that is going on is shown instead."""
        actor = cast(User, request.user)
        if not actor.has_perm(roles.START_SYNC):
            raise PermissionDenied
        if running := run_orders.at_work():
            messages.info(request, _("A run is going on already; here it is."))
            return redirect("admin:accounts_syncrun_change", running.pk)
        dry_run, waiting = request.POST.get("dry_run") == "yes", run_orders.awaited_url()
        if not run_orders.ask_workers(run_orders.SYNC, trigger="admin", actor_id=actor.pk, dry_run=dry_run):
            messages.error(request, run_orders.UNREACHABLE)
            return redirect("admin:accounts_syncrun_changelist")
        audit.record("sync.requested", user=None, actor=actor, dry_run=dry_run)
        return redirect(waiting)

    def started(self, request: HttpRequest) -> HttpResponse:
        """Waits for the run that was asked for, and leads to its page as soon as a worker has taken it."""
        context = self._awaited(request)
        if context["run"]:
            return redirect("admin:accounts_syncrun_change", context["run"].pk)
        return TemplateResponse(request, "admin/desk/run_awaited.html", self._shared(request) | context)

    @method_decorator(left_alone)
    def started_part(self, request: HttpRequest) -> HttpResponse:
        context = self._awaited(request)
        if context["run"]:
            return redirect("admin:accounts_syncrun_change", context["run"].pk)
        return render(request, "admin/desk/run_awaited_part.html", context)

    def _awaited(self, request: HttpRequest) -> dict[str, Any]:
        self._must_view(request)
        since = _moment(request.GET.get("since", ""))
        run = SyncRun.objects.filter(actor=cast(User, request.user), started_at__gte=since).order_by("pk").first()
        part = f"{reverse('admin:accounts_syncrun_started_part')}?{urlencode({'since': str(since.timestamp())})}"
        late = timezone.now() - since > WAIT_PATIENTLY
        return {"run": run, "late": late, "part_url": part, "title": _("Directory run")}

    def history(self, request: HttpRequest) -> HttpResponse:
        self._must_view(request)
        context = self._shared(request) | run_charts.history() | {"title": _("History of directory runs")}
        return TemplateResponse(request, "admin/desk/run_history.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return require_safe(self._page)(request, object_id)

    def _page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        run = self._run(request, unquote(object_id))
        context = self._shared(request) | {
            "title": str(run), "part_url": reverse("admin:accounts_syncrun_part", args=[run.pk]),
            **run_report.progress(run, now=timezone.now()), **run_orders.related(run),
            **run_page.context(run, request.GET, whole=masks.sees_all(request)),
        }  # fmt: skip
        return TemplateResponse(request, "admin/desk/run.html", context)

    @method_decorator(left_alone)
    def part(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The progress alone; once the run has ended the whole page is loaded anew."""
        run = self._run(request, str(pk))
        if run.state != SyncRun.State.RUNNING:
            return redirect("admin:accounts_syncrun_change", run.pk)
        return render(request, "admin/desk/run_part.html", run_report.progress(run, now=timezone.now()))

    def csv(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The rows of the view and the search that the page shows, all pages of them."""
        run = self._run(request, str(pk))
        shown = run_page.choose(run, request.GET)
        head, rows = run_page.csv(run, shown, whole=masks.sees_all(request))
        return export.response(
            f"run-{run.pk}-{shown.view or 'nothing'}", head, rows, actor=cast(User, request.user),
            chosen={"view": shown.view, "reason": shown.reason, "search": shown.search},
        )  # fmt: skip

    def _order(self, order: run_orders.Order) -> Callable[..., HttpResponse]:
        """The page of a decision: for whoever has the right, with a fresh proof."""

        @full_proof_required
        def decide(request: HttpRequest, pk: int) -> HttpResponse:
            run = self._run(request, str(pk))
            return run_orders.page(
                request, order, run, lambda: self._shared(request) | self._outlook(request, order, run)
            )

        @require_http_methods(["GET", "POST"])
        def allowed(request: HttpRequest, pk: int) -> HttpResponse:
            if not cast(User, request.user).has_perm(roles.OVERRULE_SYNC):
                raise PermissionDenied
            return decide(request, pk)

        return allowed

    def _outlook(self, request: HttpRequest, order: run_orders.Order, run: SyncRun) -> dict[str, Any]:
        if order is run_orders.CONFIRM:
            return {}
        return run_undo.context(run, request.GET, whole=masks.sees_all(request))

    def _run(self, request: HttpRequest, object_id: str) -> SyncRun:
        self._must_view(request)
        run = self.get_object(request, object_id)
        if run is None:
            raise Http404
        return cast(SyncRun, run)

    def _must_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    def _shared(self, request: HttpRequest) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {
            "opts": self.opts, "may_start": _may_start(request),
            "may_overrule": cast(User, request.user).has_perm(roles.OVERRULE_SYNC),
        }  # fmt: skip

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        alarm = SyncAlarm.objects.filter(is_open=True).exclude(told="").first()
        return super().changelist_view(
            request, {"may_start": _may_start(request), "alarm": alarm} | (extra_context or {})
        )


def _may_start(request: HttpRequest) -> bool:
    return cast(User, request.user).has_perm(roles.START_SYNC)


def _moment(stamp: str) -> datetime:
    """The moment of a Unix time; anything else is now."""
    try:
        return datetime.fromtimestamp(float(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        return timezone.now()
