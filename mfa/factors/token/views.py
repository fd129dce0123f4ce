"""The owner's pages of a hardware token: take one from stock, bring it in step, rename it, give it back."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.requests import SignedInRequest
from mfa.factors.token import flows
from mfa.factors.token.factor import KIND
from mfa.factors.token.forms import ClaimForm
from mfa.outcomes import Refused
from mfa.pages import onward, own, sessions
from mfa.pages.gate import open_before_enrolment
from mfa.proof import fresh_proof_required, full_proof_required


@open_before_enrolment
@fresh_proof_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def add(request: SignedInRequest) -> HttpResponse:
    form = ClaimForm(request.POST or None)
    if form.is_valid():
        answer = _claim(request, form, timezone.now())
        if answer is not None:
            return answer
    return render(request, "token/add.html", {"form": form}, status=422 if form.errors else 200)


@fresh_proof_required
@sensitive_post_parameters("first", "second")
@require_http_methods(["GET", "POST"])
def adjust(request: SignedInRequest, pk: int) -> HttpResponse:
    factor = own.found(request.user, KIND.slug, pk)
    return own.adjust(request, factor, "token/adjust.html", _("“%(name)s” is in step again."))


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def rename(request: SignedInRequest, pk: int) -> HttpResponse:
    return own.rename(request, own.found(request.user, KIND.slug, pk), "token/rename.html")


@full_proof_required
@require_http_methods(["GET", "POST"])
def remove(request: SignedInRequest, pk: int) -> HttpResponse:
    return own.remove(request, own.found(request.user, KIND.slug, pk), "token/remove.html")


def _claim(request: SignedInRequest, form: ClaimForm, now: datetime) -> HttpResponse | None:
    try:
        factor = flows.claim(request.user, form.cleaned_data["serial"], form.cleaned_data["code"], now=now)
    except Refused as refused:
        form.add_error("code", refused.words)
        return None
    first = not sessions.is_verified(request)
    sessions.keep(request, proved_by=factor)
    messages.success(request, _("The token is yours now. Your other sessions have been signed out."))
    return redirect(onward.after_change(request.user, first=first, now=now))
