"""Making a passkey: one page, one button, and the browser does the rest."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.requests import SignedInRequest
from mfa.factors.webauthn import flows
from mfa.factors.webauthn.forms import CeremonyForm
from mfa.factors.webauthn.refusals import TooMany
from mfa.kinds import Purpose
from mfa.outcomes import Refused
from mfa.pages import ceremonies, onward, sessions
from mfa.pages.gate import open_before_enrolment
from mfa.proof import fresh_proof_required


@open_before_enrolment
@fresh_proof_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def add(request: SignedInRequest) -> HttpResponse:
    form = CeremonyForm(request.POST or None)
    try:
        if form.is_valid():
            return _enrol(request, form.cleaned_data["code"])
    except Refused as refused:
        form.add_error(None, refused.words)
    return render(request, "webauthn/add.html", {"form": form}, status=422 if form.errors else 200)


@open_before_enrolment
@fresh_proof_required
@require_POST
def add_options(request: SignedInRequest) -> HttpResponse:
    """What the page's script asks the browser with."""
    try:
        ceremony = flows.begin(request.user)
    except TooMany as refused:
        return JsonResponse({"refused": refused.words}, status=409)
    return JsonResponse(ceremonies.begin(request.session, ceremony, request.user, Purpose.ENROL, now=timezone.now()))


def _enrol(request: SignedInRequest, text: str) -> HttpResponse:
    now = timezone.now()
    challenge = ceremonies.take(request.session, request.user, Purpose.ENROL, now=now)
    factor = flows.enrol(request.user, text, challenge, now=now)
    sessions.keep(request, proved_by=factor)
    messages.success(
        request, _("“%(name)s” is set up. Your other sessions have been signed out.") % {"name": factor.name}
    )
    return redirect(onward.after_enrolment(request.user, now=now))
