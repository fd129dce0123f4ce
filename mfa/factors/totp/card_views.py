"""What the owner does with an app that is set up: adjust its clock, rename it, remove it."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.requests import SignedInRequest
from mfa.factors.totp.factor import KIND
from mfa.pages import own
from mfa.proof import fresh_proof_required, full_proof_required


@fresh_proof_required
@sensitive_post_parameters("first", "second")
@require_http_methods(["GET", "POST"])
def clock(request: SignedInRequest, pk: int) -> HttpResponse:
    factor = own.found(request.user, KIND.slug, pk)
    return own.adjust(request, factor, "totp/clock.html", _("The clock of “%(name)s” is adjusted."))


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def rename(request: SignedInRequest, pk: int) -> HttpResponse:
    return own.rename(request, own.found(request.user, KIND.slug, pk), "totp/rename.html")


@full_proof_required
@require_http_methods(["GET", "POST"])
def remove(request: SignedInRequest, pk: int) -> HttpResponse:
    return own.remove(request, own.found(request.user, KIND.slug, pk), "totp/remove.html")
