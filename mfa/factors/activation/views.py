"""The page where the activation code is typed."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.requests import SignedInRequest, address_of
from mfa import activation, holdings, policy
from mfa.factors.activation import flows
from mfa.factors.activation.forms import ActivationForm
from mfa.outcomes import Refused
from mfa.pages.gate import open_before_activation


@open_before_activation
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def activate(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    asked = policy.of(request.user, now=now)
    if holdings.opening(request.user, now=now) or not holdings.needs_activation(request.user, asked):
        return redirect("dashboard")
    if activation.opened(request.session, request.user, now=now):
        return redirect("enrol")
    form = ActivationForm(request.POST or None)
    if form.is_valid() and _redeemed(request, form, now):
        messages.success(request, _("That is right. Now set up your second factor."))
        return redirect("enrol")
    return render(request, "activation/activate.html", {"form": form}, status=422 if form.errors else 200)


def _redeemed(request: SignedInRequest, form: ActivationForm, now: datetime) -> bool:
    try:
        row = flows.redeem(request.user, form.cleaned_data["code"], address=address_of(request), now=now)
    except Refused as refused:
        form.add_error("code", refused.words)
        return False
    activation.open_enrolment(request.session, row)
    return True
