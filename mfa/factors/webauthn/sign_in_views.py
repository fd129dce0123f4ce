"""The sign-in page's other door: a passkey that says who one is and proves it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from mfa.factors.webauthn import alone
from mfa.factors.webauthn.factor import ask
from mfa.factors.webauthn.forms import CeremonyForm
from mfa.outcomes import DIRECTORY_UNREACHABLE
from mfa.pages import sessions, targets
from mfa.verification.service import Verdict


@login_not_required
@require_POST
def options(request: HttpRequest) -> HttpResponse:
    """The same question for everybody: it names nobody's passkeys."""
    ceremony = ask([], must_verify=True)
    response = JsonResponse(ceremony.options)
    alone.remember(response, ceremony.challenge)
    return response


@login_not_required
@sensitive_post_parameters("code")
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    form = CeremonyForm(request.POST)
    if form.is_valid():
        response = _answered(request, alone.judge_unhurried(request, form.cleaned_data["code"], now=now), now)
    else:
        response = _refused(request, str(form.non_field_errors()[0]))
    response.delete_cookie(alone.cookie(), samesite="Strict")
    return response


def _answered(request: HttpRequest, verdict: Verdict, now: datetime) -> HttpResponse:
    if verdict.factor is None or not verdict.accepted:
        return _refused(request, _neutral(verdict))
    user = verdict.factor.user
    user.backend = settings.AUTHENTICATION_BACKENDS[0]
    sessions.sign_in(request, user, verdict.factor, now=now)
    return redirect(targets.after(request))


def _refused(request: HttpRequest, words: str) -> HttpResponse:
    messages.warning(request, words)
    return redirect(f"{reverse('sign_in')}?{urlencode({'next': targets.after(request)})}")


def _neutral(verdict: Verdict) -> str:
    """One sentence for every cause, as for a password: nobody learns whether the account exists, or is switched off."""
    if verdict.result is DIRECTORY_UNREACHABLE:
        return _("Signing in is not possible just now. Try again in a minute.")
    return _("That passkey did not open an account here. Try again, or sign in with your password.")
