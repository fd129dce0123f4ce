"""The page behind the undo link. It needs no sign-in: the owner may be locked out. Opening it changes nothing, so that
a mail scanner that follows links does not either."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.phones import mask
from mfa.factors.sms import undo as way_back
from mfa.models import OneTimeCode
from mfa.outcomes import Refused

Ending = OneTimeCode.Ending


@login_not_required
@sensitive_variables("token", "code")
@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, token: str, code: str) -> HttpResponse:
    now = timezone.now()
    try:
        row = way_back.offered(token)
        words = _over(row, now)
        if words is None and request.method == "POST":
            return _done(request, way_back.take(row.token, code, now=now))
    except Refused:
        words = _("This link is not complete or not valid. Copy it from the message again, or ask helpdesk.")
    if words is not None:
        return render(request, "sms/undo_over.html", {"words": words}, status=410)
    number = way_back.Number.packed(row.target)
    return render(request, "sms/undo.html", {"old": mask(number.e164), "until": row.expires_at})


def _over(row: OneTimeCode, now: datetime) -> str | None:
    """Why the link no longer works; None while it does."""
    if row.ending == Ending.SPENT:
        return _("This link was used already; the number is back as it was. If you did not use it, ask helpdesk.")
    if row.ending == Ending.REPLACED:
        return _("The number was changed again. Use the link in the newest message; it puts back the same number.")
    if row.ending or row.expires_at <= now:
        return _("This link has expired. Ask helpdesk to put your number back.")
    return None


def _done(request: HttpRequest, user: User) -> HttpResponse:
    if request.user.pk == user.pk:
        logout(request)
    return render(request, "sms/undone.html", {"masked": mask(user.phone)})
