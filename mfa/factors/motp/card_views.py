"""What the owner does with an mOTP app: change its PIN, renew its secret, adjust its clock, rename it, remove it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.requests import SignedInRequest
from mfa.factors.motp import flows, provisioning
from mfa.factors.motp.factor import KIND
from mfa.factors.motp.forms import PinForm, RenewForm
from mfa.outcomes import Refused, Unusable
from mfa.pages import own, sessions
from mfa.proof import fresh_proof_required, full_proof_required


@fresh_proof_required
@sensitive_post_parameters("pin", "code")
@require_http_methods(["GET", "POST"])
def pin(request: SignedInRequest, pk: int) -> HttpResponse:
    factor = own.found(request.user, KIND.slug, pk)
    form = PinForm(request.POST or None)
    if form.is_valid() and _changed(request, pk, form):
        sessions.keep(request)
        messages.success(request, _("“%(name)s” has the new PIN. Codes made with the old one no longer work.") % {
            "name": factor.name,
        })  # fmt: skip
        return redirect("dashboard")
    return render(request, "motp/pin.html", {"form": form, "factor": factor}, status=422 if form.errors else 200)


@fresh_proof_required
@never_cache
@sensitive_post_parameters("secret", "own", "code")
@require_http_methods(["GET", "POST"])
def renew(request: SignedInRequest, pk: int) -> HttpResponse:
    """A new secret on the page, and the code that the app makes of it: until then the old one works."""
    factor = own.found(request.user, KIND.slug, pk)
    try:
        offered = flows.new_secret(len(flows.readable(factor).secret))
    except Unusable as refused:
        messages.warning(request, refused.words)
        return redirect("dashboard")
    form = RenewForm(request.POST or None, initial={"secret": offered})
    if form.is_valid() and _renewed(request, pk, form):
        sessions.keep(request)
        text = _("“%(name)s” is set up. Your other sessions have been signed out.")
        messages.success(request, text % {"name": factor.name})
        return redirect("dashboard")
    if "secret" in form.errors:
        return redirect("motp:renew", pk)
    context = provisioning.shown(form["secret"].value(), account=request.user.username)
    return render(
        request, "motp/renew.html", context | {"form": form, "factor": factor}, status=422 if form.errors else 200
    )


@fresh_proof_required
@sensitive_post_parameters("first", "second")
@require_http_methods(["GET", "POST"])
def clock(request: SignedInRequest, pk: int) -> HttpResponse:
    factor = own.found(request.user, KIND.slug, pk)
    return own.adjust(request, factor, "motp/clock.html", _("The clock of “%(name)s” is adjusted."))


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def rename(request: SignedInRequest, pk: int) -> HttpResponse:
    return own.rename(request, own.found(request.user, KIND.slug, pk), "motp/rename.html")


@full_proof_required
@require_http_methods(["GET", "POST"])
def remove(request: SignedInRequest, pk: int) -> HttpResponse:
    return own.remove(request, own.found(request.user, KIND.slug, pk), "motp/remove.html")


def _renewed(request: SignedInRequest, pk: int, form: RenewForm) -> bool:
    try:
        flows.renew(request.user, pk, form.chosen, form.cleaned_data["code"], now=timezone.now())
    except Refused as refused:
        form.add_error("code", refused.words)
        return False
    return True


def _changed(request: SignedInRequest, pk: int, form: PinForm) -> bool:
    try:
        flows.change_pin(request.user, pk, form.cleaned_data["pin"], form.cleaned_data["code"], now=timezone.now())
    except Refused as refused:
        form.add_error("code", refused.words)
        return False
    return True
