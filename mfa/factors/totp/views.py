"""Setting an app up: name it, scan, type the first code. The session keeps the waiting row's id and nothing else."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.requests import SignedInRequest
from mfa import enrolment, qr
from mfa.factors.totp import flows, provisioning
from mfa.factors.totp.factor import KIND, token_of
from mfa.factors.totp.forms import AppCodeForm
from mfa.models import Factor
from mfa.outcomes import Refused
from mfa.pages import onward, own, sessions
from mfa.pages.factor_forms import NameForm
from mfa.pages.gate import open_before_enrolment
from mfa.proof import fresh_proof_required

WAITING = "totp_waiting"


@open_before_enrolment
@fresh_proof_required
@require_http_methods(["GET", "POST"])
def add(request: SignedInRequest) -> HttpResponse:
    form = NameForm(request.POST or None, initial={"name": enrolment.free_name(request.user, KIND.slug)})
    if form.is_valid():
        return _begin(request, form.cleaned_data["name"], None)
    return render(request, "totp/add.html", {"form": form, "step": 1, "steps": 2}, status=422 if form.errors else 200)


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def move(request: SignedInRequest, pk: int) -> HttpResponse:
    """A new phone takes the app's place; the old one works until then."""
    factor = own.found(request.user, KIND.slug, pk)
    if request.method == "POST":
        return _begin(request, factor.name, factor)
    return render(request, "totp/move.html", {"factor": factor, "step": 1, "steps": 2})


@open_before_enrolment
@fresh_proof_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def scan(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    form = AppCodeForm(request.POST or None)
    try:
        factor = flows.waiting(request.user, request.session.get(WAITING), now=now)
        if form.is_valid():
            return _confirm(request, form.cleaned_data["code"], now)
    except flows.NothingWaiting as refused:
        messages.info(request, refused.words)
        return redirect("totp:add")
    except Refused as refused:
        form.add_error("code", refused.words)
    return _show(request, factor, form)


def _begin(request: SignedInRequest, name: str, replaces: Factor | None) -> HttpResponse:
    try:
        factor = flows.begin(request.user, name=name, now=timezone.now(), replaces=replaces)
    except flows.TooMany as refused:
        messages.warning(request, refused.words)
        return redirect("dashboard")
    request.session[WAITING] = factor.pk
    return redirect("totp:scan")


def _confirm(request: SignedInRequest, code: str, now: datetime) -> HttpResponse:
    factor = flows.confirm(request.user, request.session.get(WAITING), code, now=now)
    del request.session[WAITING]
    sessions.keep(request, proved_by=factor)
    messages.success(
        request, _("“%(name)s” is set up. Your other sessions have been signed out.") % {"name": factor.name}
    )
    return redirect(onward.after_enrolment(request.user, now=now))


@sensitive_variables()
def _show(request: SignedInRequest, factor: Factor, form: AppCodeForm) -> HttpResponse:
    token = token_of(factor)
    address = provisioning.address(token, issuer=settings.PORTAL_NAME, account=request.user.username)
    context = {
        "form": form,
        "step": 2,
        "steps": 2,
        "factor": factor,
        "svg": qr.svg(address),
        "key": provisioning.grouped(provisioning.key(token)),
        "key_plain": provisioning.key(token),
        "link": address,
    }
    return render(request, "totp/scan.html", context, status=422 if form.errors else 200)
