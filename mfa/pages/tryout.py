"""Test this factor: a code of any kind is judged as it would be at sign-in, and opens nothing."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.requests import SignedInRequest
from mfa import kinds
from mfa.applications import TRYING
from mfa.kinds import Purpose
from mfa.pages import steps
from mfa.verification.service import Verdict


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def test(request: SignedInRequest) -> HttpResponse:
    """A right answer is no fresh proof, and a wrong one counts as any other."""
    return steps.ask(request, request.user, STEP, now=timezone.now())


@require_POST
def send(request: SignedInRequest) -> HttpResponse:
    return steps.send(request, request.user, STEP, now=timezone.now())


def _right(request: HttpRequest, user: User, verdict: Verdict, now: datetime) -> HttpResponse:
    if verdict.factor is not None:
        messages.success(request, _("Right: “%(name)s” works.") % {"name": name_of(verdict)})
    return redirect("dashboard")


def name_of(verdict: Verdict) -> str:
    """What its owner calls the factor that said yes."""
    factor = verdict.factor
    return str(factor.name or kinds.kind(factor.kind).label) if factor else ""


STEP = steps.Step(Purpose.TEST, "pages/test.html", page="test", send_page="test_send", done=_right, application=TRYING)
