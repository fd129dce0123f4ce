"""Setting an mOTP app up: PIN and secret, then the first code. The session keeps the waiting row's id, nothing else."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.requests import SignedInRequest
from mfa import enrolment
from mfa.factors.motp import flows, provisioning
from mfa.factors.motp.algorithm import Motp
from mfa.factors.motp.factor import KIND, motp_of
from mfa.factors.motp.forms import AddForm, MotpCodeForm
from mfa.models import Factor
from mfa.outcomes import Refused, Unusable
from mfa.pages import sessions
from mfa.proof import fresh_proof_required

WAITING = "motp_waiting"


@fresh_proof_required
@sensitive_post_parameters("pin", "secret")
@require_http_methods(["GET", "POST"])
def add(request: SignedInRequest) -> HttpResponse:
    form = AddForm(request.POST or None, initial={"name": enrolment.free_name(request.user, KIND.slug)})
    try:
        flows.refuse_another(request.user, now=timezone.now())
        if form.is_valid():
            return _begin(request, form)
    except Unusable as refused:
        messages.warning(request, refused.words)
        return redirect("dashboard")
    return render(request, "motp/add.html", {"form": form, "step": 1, "steps": 2}, status=422 if form.errors else 200)


@fresh_proof_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def confirm(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    form = MotpCodeForm(request.POST or None)
    try:
        factor = flows.waiting(request.user, request.session.get(WAITING), now=now)
        if form.is_valid():
            return _confirm(request, form.cleaned_data["code"], now)
    except Unusable as refused:
        messages.info(request, refused.words)
        return redirect("dashboard")
    except Refused as refused:
        form.add_error("code", refused.words)
    return _show(request, factor, form)


def _begin(request: SignedInRequest, form: AddForm) -> HttpResponse:
    motp = Motp(form.chosen, form.cleaned_data["pin"])
    name = form.cleaned_data["name"]
    factor = flows.begin(request.user, motp, name=name, shown=form.shown, now=timezone.now())
    request.session[WAITING] = factor.pk
    return redirect("motp:confirm")


def _confirm(request: SignedInRequest, code: str, now: datetime) -> HttpResponse:
    """The session goes on with the factor that it has shown: this one proves nothing to the portal."""
    factor = flows.confirm(request.user, request.session.get(WAITING), code, now=now)
    del request.session[WAITING]
    sessions.keep(request)
    messages.success(
        request, _("“%(name)s” is set up. Your other sessions have been signed out.") % {"name": factor.name}
    )
    return redirect("dashboard")


@sensitive_variables()
def _show(request: SignedInRequest, factor: Factor, form: MotpCodeForm) -> HttpResponse:
    context = {"form": form, "factor": factor, "step": 2, "steps": 2, "shown": factor.state["shown"]}
    if factor.state["shown"]:
        context |= provisioning.shown(motp_of(factor).secret, account=request.user.username)
    return render(request, "motp/confirm.html", context, status=422 if form.errors else 200)
