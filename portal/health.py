"""For probes: is the process up, and can it do its work? Says nothing about versions or people."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from mfa.health import metrics, parts


@login_not_required
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 while the process answers; asks nobody else."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """503 while the database does not answer, so that a load balancer sends people elsewhere."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable"}, status=503)
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def jobs(request: HttpRequest) -> JsonResponse:
    """503 while no job gets through, because beat, broker or workers are down: nobody can be told of that by mail."""
    try:
        well = parts.jobs_get_through(now=timezone.now())
    except DatabaseError:
        well = False
    return JsonResponse({"status": "ok" if well else "unavailable"}, status=200 if well else 503)


@login_not_required
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """For Prometheus, which shows METRICS_KEY; nobody else learns that there is such a page."""
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_KEY or not constant_time_compare(shown, settings.METRICS_KEY):
        raise Http404
    return HttpResponse(metrics.text(now=timezone.now()), content_type="text/plain; version=0.0.4; charset=utf-8")
