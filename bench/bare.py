"""The page that the portal's pages are measured beside: session, person and one row, no template."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from mfa.models import Factor


def show(request: HttpRequest) -> HttpResponse:
    factor = Factor.objects.filter(user_id=request.user.pk).first()
    body = f"bare page of {request.user}: {factor}".encode()
    # The length lets the connection live; no middleware is there to add it.
    return HttpResponse(body, content_type="text/plain", headers={"Content-Length": str(len(body))})


urlpatterns = [path("bench/bare/", show)]
