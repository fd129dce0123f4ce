"""Refusing a number that the directory has and that rests: by the link in the notice, or signed in.

The link's page needs no sign-in. Opening it changes nothing, so that a mail scanner that follows links does not either.
"""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.phones import mask
from accounts.requests import SignedInRequest
from mfa.factors.sms import notes, resting
from mfa.models import OneTimeCode
from mfa.outcomes import Refused
from mfa.proof import fresh_proof_required


@login_not_required
@sensitive_variables("token", "code")
@require_http_methods(["GET", "POST"])
def refuse(request: HttpRequest, token: str, code: str) -> HttpResponse:
    now = timezone.now()
    try:
        row = resting.offered(token)
        words = _over(row, now)
        if words is None and request.method == "POST":
            return _done(request, resting.take(row.token, code, now=now))
    except Refused:
        words = _("This link is not complete or not valid. Copy it from the message again, or ask helpdesk.")
    if words is not None:
        return render(request, "sms/refuse_over.html", {"words": words}, status=410)
    return _asked(request, row.user)


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def not_mine(request: SignedInRequest) -> HttpResponse:
    user = request.user
    if not user.resting_phone:
        return redirect("dashboard")
    if request.method == "GET":
        return _asked(request, user)
    if resting.refuse(user, actor=user, now=timezone.now()):
        messages.success(request, _("The directory's number is refused. Codes keep going to your own."))
    return redirect("sms:change")


def _asked(request: HttpRequest, user: User) -> HttpResponse:
    shown = {"old": mask(user.phone), "new": mask(user.resting_phone), "until": user.phone_next_at}
    return render(request, "sms/refuse.html", shown)


def _over(row: OneTimeCode, now: datetime) -> str | None:
    """Why the link no longer works; None while it does."""
    if row.ending == OneTimeCode.Ending.SPENT:
        return _("This link was used already; the number was refused. If you did not use it, ask helpdesk.")
    if row.user.resting_phone != row.target:
        return _("This number no longer waits. If codes go to a number that is not yours, ask helpdesk now.")
    if row.ending or row.expires_at <= now:
        return _("This link has expired. If codes go to a number that is not yours, ask helpdesk now.")
    return None


def _done(request: HttpRequest, user: User) -> HttpResponse:
    return render(request, "sms/refused.html", {"masked": mask(user.phone), "ask": notes.ask()})
