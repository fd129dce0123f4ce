"""The test of an application through FreeRADIUS: a request for a name that is nobody's, and each station it reached."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from mfa import audit
from mfa.api import radius_probe
from mfa.api.radius_probe import Heard
from mfa.models import Application, AuthenticationRecord


@dataclass(frozen=True, slots=True)
class Station:
    """`good` tells whether the request passed here as it should; `mend` says what to look at where it did not."""

    name: str
    good: bool
    found: str
    mend: str = ""


def page(request: HttpRequest, application: Application, context: dict[str, Any]) -> HttpResponse:
    """What the test does, and after its button what it found. The right to it was checked."""
    more: dict[str, Any] = {
        "title": _("Test: %(name)s") % {"name": application.name},
        "application": application,
        "server": settings.RADIUS_TEST_SERVER,
    }
    if request.method == "POST":
        more["stations"] = stations(application, actor=cast(User, request.user), now=timezone.now())
    return TemplateResponse(request, "admin/desk/application_probe.html", context | more)


def stations(application: Application, *, actor: User, now: datetime) -> list[Station]:
    """Send the request and follow it. It is on record, waits some seconds where nobody answers, and
    finds nothing where no FreeRADIUS is set to be asked."""
    audit.record("application.tested", user=None, actor=actor, application=application.slug)
    if not settings.RADIUS_TEST_SERVER:
        return []
    try:
        heard = radius_probe.ask(settings.RADIUS_TEST_SERVER, settings.RADIUS_TEST_SECRET)
    except OSError:
        return [
            Station("FreeRADIUS", False, _("its name or address is unknown here"), _("Look at RADIUS_TEST_SERVER."))
        ]
    row = AuthenticationRecord.objects.filter(request_id=heard.request_id, at__gte=now).first()
    return [_of_freeradius(heard), *_of_portal(application, heard, row)]


def _of_freeradius(heard: Heard) -> Station:
    if not heard.packet:
        mend = _("It does not run, or cannot reach the portal, or this machine is no client of it with this secret.")
        return Station("FreeRADIUS", False, _("no answer"), mend)
    if not heard.signed:
        mend = _("Answers that nobody signed can be forged on the way: use the site of deploy/freeradius.")
        return Station("FreeRADIUS", False, _("%(packet)s, not signed") % {"packet": heard.packet}, mend)
    if heard.packet != "Access-Reject":
        mend = _("A name that is nobody’s must be refused: something else than the portal decides there.")
        return Station("FreeRADIUS", False, heard.packet, mend)
    return Station("FreeRADIUS", True, _("%(packet)s, signed") % {"packet": heard.packet})


def _of_portal(application: Application, heard: Heard, row: AuthenticationRecord | None) -> list[Station]:
    portal = _("The portal")
    if row is None:
        mend = _("FreeRADIUS did not ask, or its key was refused: look at its log for %(request)s.")
        return [Station(portal, False, _("was not asked"), mend % {"request": heard.request_id})]
    how = _("asked as %(request)s: %(cause)s") % {"request": row.request_id, "cause": row.cause}
    same = row.application == application.slug
    mend = "" if same else _("FreeRADIUS has the key of another application.")
    gateway = _("%(application)s, by the gateway %(gateway)s")
    found = gateway % {"application": row.application, "gateway": row.gateway}
    return [Station(portal, True, how), Station(_("Application and gateway"), same, found, mend)]
