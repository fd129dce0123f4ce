"""Confirm it is you: a fresh proof before a change, with a factor, or with the password where there is none yet."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_otp import login as otp_login

from accounts.models import User
from accounts.requests import SignedInRequest, address_of
from mfa import activation, holdings, policy, proof
from mfa.kinds import Purpose
from mfa.outcomes import PASSWORD_WRONG, Refused
from mfa.pages import sessions, steps, targets, ways
from mfa.pages.forms import PasswordForm
from mfa.pages.gate import open_before_activation
from mfa.verification import passwords
from mfa.verification.service import Verdict


@open_before_activation
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "POST"])
def prove(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    if ways.of(request.user, now=now):
        return steps.ask(request, request.user, STEP, now=now)
    if holdings.needs_activation(request.user, policy.of(request.user, now=now)) and not activation.opened(
        request.session, request.user, now=now
    ):
        return redirect("activation:enter")
    return _by_password(request, now)


@require_POST
def send(request: SignedInRequest) -> HttpResponse:
    return steps.send(request, request.user, STEP, now=timezone.now())


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def prove_alone(request: SignedInRequest) -> HttpResponse:
    """As `prove`, for what a recovery code is not enough for."""
    now = timezone.now()
    if ALONE.ways(request.user, now=now):
        return steps.ask(request, request.user, ALONE, now=now)
    if ways.of(request.user, now=now):
        return render(request, "pages/prove_alone_first.html")
    return redirect(f"{reverse('prove')}?{urlencode({'next': targets.after(request)})}")


@require_POST
def send_alone(request: SignedInRequest) -> HttpResponse:
    return steps.send(request, request.user, ALONE, now=timezone.now())


def _by_password(request: SignedInRequest, now: datetime) -> HttpResponse:
    form = PasswordForm(request.POST or None)
    if form.is_valid():
        address = address_of(request)
        try:
            owner = passwords.check(request.user.username, form.cleaned_data["password"], address=address, now=now)
            if owner.pk != request.user.pk:  # the name has passed to somebody else in the directory
                raise passwords.WrongPassword(PASSWORD_WRONG)
        except Refused:
            form.add_error("password", _("That did not work. Check the password; after several tries, wait a little."))
        else:
            return _proved(request, request.user, None, now)
    context = {"form": form, "next": targets.after(request)}
    return render(request, "pages/prove_by_password.html", context, status=422 if form.errors else 200)


def _proved(request: HttpRequest, user: User, verdict: Verdict | None, now: datetime) -> HttpResponse:
    """The session's id changes with every step up. One that a recovery code had opened is limited no more once it has
    shown a factor."""
    factor = verdict.factor if verdict else None
    update_session_auth_hash(request, user)
    if factor and sessions.is_limited(request):
        otp_login(request, factor)
    proof.mark(request.session, now=now, by=factor.kind if factor else "")
    return redirect(targets.after(request))


ALONE = steps.Step(
    Purpose.PROOF, "pages/prove_alone.html", page="prove_alone", send_page="prove_alone_send", done=_proved, full=True
)
STEP = steps.Step(Purpose.PROOF, "pages/prove.html", page="prove", send_page="prove_send", done=_proved)
