"""Directory runs in the admin: the list, starting one, and the page of one with its progress and its report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from celery import current_app
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import ChannelError, OperationalError

from accounts.directory.life import SILENT_TOO_LONG
from accounts.models import SyncProblem, SyncRun, User
from mfa import audit, roles
from mfa.desk import export, masks, run_report
from mfa.desk.readonly import ReadOnly
from mfa.pages.sessions import left_alone

TASK = "accounts.tasks.sync_directory"
WAIT_PATIENTLY = timedelta(seconds=60)
UNREACHABLE = gettext_lazy(
    "Nothing was started: the queue of jobs is out of reach. Check that the message broker runs, then try again."
)


class RunAdmin(ReadOnly):
    list_display = ("started_at", "state", "dry_run", "trigger", "actor", "finished_at", "shown_counts")
    list_filter = ("state", "trigger", "dry_run")
    date_hierarchy = "started_at"
    change_list_template = "admin/desk/run_list.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("actor")

    @admin.display(description=gettext_lazy("counts"))
    def shown_counts(self, run: SyncRun) -> str:
        return run_report.in_words(run.counts)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("start/", wrap(require_POST(self.start)), name="accounts_syncrun_start"),
            path("started/", wrap(require_safe(self.started)), name="accounts_syncrun_started"),
            path("started/part/", wrap(require_safe(self.started_part)), name="accounts_syncrun_started_part"),
            path("<int:pk>/part/", wrap(require_safe(self.part)), name="accounts_syncrun_part"),
            path("<int:pk>/problems.csv", wrap(require_POST(self.problems_csv)), name="accounts_syncrun_csv"),
            *super().get_urls(),
        ]

    def start(self, request: HttpRequest) -> HttpResponse:
        """Ask the workers for a run; one that is going on is shown instead."""
        actor = cast(User, request.user)
        if not actor.has_perm(roles.START_SYNC):
            raise PermissionDenied
        now = timezone.now()
        running = SyncRun.objects.filter(state=SyncRun.State.RUNNING, heartbeat_at__gt=now - SILENT_TOO_LONG).first()
        if running:
            messages.info(request, _("A run is going on already; here it is."))
            return redirect("admin:accounts_syncrun_change", running.pk)
        dry_run = request.POST.get("dry_run") == "yes"
        if not _ask_workers(actor, dry_run):
            messages.error(request, UNREACHABLE)
            return redirect("admin:accounts_syncrun_changelist")
        audit.record("sync.requested", user=None, actor=actor, dry_run=dry_run)
        return redirect(f"{reverse('admin:accounts_syncrun_started')}?{urlencode({'since': str(now.timestamp())})}")

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

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return require_safe(self._page)(request, object_id)

    def _page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        run = self._run(request, unquote(object_id))
        whole = masks.sees_all(request)
        context = self._shared(request) | {
            "title": str(run), "part_url": reverse("admin:accounts_syncrun_part", args=[run.pk]),
            **run_report.progress(run, now=timezone.now()), **run_report.problems(run, request.GET, whole=whole),
            **run_report.changes(run, request.GET, whole=whole),
        }  # fmt: skip
        return TemplateResponse(request, "admin/desk/run.html", context)

    @method_decorator(left_alone)
    def part(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The progress alone; once the run has ended the whole page is loaded anew."""
        run = self._run(request, str(pk))
        if run.state != SyncRun.State.RUNNING:
            return redirect("admin:accounts_syncrun_change", run.pk)
        return render(request, "admin/desk/run_part.html", run_report.progress(run, now=timezone.now()))

    def problems_csv(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        run = self._run(request, str(pk))
        whole = masks.sees_all(request)
        found: Any = SyncProblem.objects.filter(run=run).order_by("pk")
        reason = request.GET.get("reason", "")
        found = found.filter(reason=reason) if reason else found
        return export.response(
            f"unusable-values-run-{run.pk}", run_report.CSV_HEAD,
            (run_report.csv_row(problem, whole) for problem in found.iterator(chunk_size=1000)),
            actor=cast(User, request.user), chosen={"reason": reason},
        )  # fmt: skip

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
        return self.admin_site.each_context(request) | {"opts": self.opts, "may_start": _may_start(request)}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"may_start": _may_start(request)} | (extra_context or {}))


def _may_start(request: HttpRequest) -> bool:
    return cast(User, request.user).has_perm(roles.START_SYNC)


def _ask_workers(actor: User, dry_run: bool) -> bool:
    try:
        current_app.send_task(TASK, kwargs={"trigger": "admin", "actor_id": actor.pk, "dry_run": dry_run})
    except (OperationalError, ChannelError, OSError):
        return False
    return True


def _moment(stamp: str) -> datetime:
    """The moment of a Unix time; anything else is now."""
    try:
        return datetime.fromtimestamp(float(stamp), UTC)
    except (ValueError, OverflowError, OSError):
        return timezone.now()
