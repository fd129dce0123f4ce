"""What every template may use."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.defaultfilters import urlize
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from mfa import proof
from mfa.pages.gate import ON_THE_WAY_IN


def portal(request: HttpRequest) -> dict[str, Any]:
    """Names for everybody; navigation and the end of the fresh proof for whoever is signed in."""
    shared: dict[str, Any] = {
        "portal_name": settings.PORTAL_NAME,
        "languages": settings.LANGUAGES,
        "helpdesk_contact": urlize(settings.HELPDESK_CONTACT, autoescape=True),
    }
    # An error page may answer a request that was refused before anybody asked who it is.
    if not hasattr(request, "user") or not request.user.is_authenticated:
        return shared
    return shared | {"fresh_until": proof.fresh_until(request.session, now=timezone.now()), "nav": _nav(request)}


def _nav(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages that are open to the person; none to whoever must enrol first."""
    if getattr(request, ON_THE_WAY_IN, False):
        return []
    pages = [
        (_("Overview"), reverse("dashboard")),
        (_("Sessions"), reverse("sessions")),
        (_("History"), reverse("history")),
    ]
    if request.user.is_staff:
        pages.append((_("Administration"), reverse("admin:index")))
    return [{"label": label, "url": url, "current": url == request.path} for label, url in pages]
