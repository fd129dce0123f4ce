"""What every template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from mfa import proof


def portal(request: HttpRequest) -> dict[str, Any]:
    shared: dict[str, Any] = {"portal_name": settings.PORTAL_NAME, "helpdesk": settings.HELPDESK_CONTACT, "debug": settings.DEBUG}
    if hasattr(request, "session"):
        shared["fresh_until"] = proof.fresh_until(request.session, now=timezone.now())
    return shared
