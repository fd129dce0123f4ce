"""The health page of the admin: every part, how it is, how old that knowledge is, and what to do next."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from mfa import audit
from mfa.desk import run_orders
from mfa.desk.readonly import ReadOnly
from mfa.health import parts
from mfa.models import Finding
from mfa.proof import full_proof_required

TONES = {Finding.State.OK: "ok", Finding.State.UNKNOWN: "info", Finding.State.WARN: "warn", Finding.State.BAD: "danger"}
WORST = tuple(TONES)
WATCH = "mfa.tasks.watch_health"


class HealthAdmin(ReadOnly):
    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(require_POST(full_proof_required(self.look_again)))
        own = [url for url in super().get_urls() if url.name == "mfa_finding_changelist"]
        return [path("again/", again, name="mfa_finding_again"), *own]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return require_safe(self._page)(request)

    def _page(self, request: HttpRequest) -> HttpResponse:
        self._must_view(request)
        now = timezone.now()
        shown = sorted(parts.all_of_them(now=now), key=lambda part: -WORST.index(part.state))
        rows = [
            {"part": part, "tone": TONES[part.state], "state": part.state.label, "age": _age(part.at, now)}
            for part in shown
        ]
        trouble = [row for row in rows if row["tone"] in ("warn", "danger")]
        context = {"title": _("Health"), "opts": self.opts, "rows": rows, "trouble": len(trouble)}
        return TemplateResponse(request, "admin/desk/health.html", self.admin_site.each_context(request) | context)

    def look_again(self, request: HttpRequest) -> HttpResponse:
        """Have a worker look at everything now, the servers of other people included."""
        self._must_view(request)
        if run_orders.ask_workers(WATCH, everything=True):
            audit.record("health.look-asked", user=None, actor=cast(User, request.user))
            messages.success(request, _("A worker looks at everything now. Open this page again in a few seconds."))
        else:
            messages.error(request, run_orders.UNREACHABLE)
        return redirect("admin:mfa_finding_changelist")

    def _must_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _age(at: datetime | None, now: datetime) -> str:
    """How long ago, in words."""
    if at is None:
        return _("not yet")
    if now - at < timedelta(minutes=1):
        return _("just now")
    return _("%(age)s ago") % {"age": timesince(at, now)}
