"""What the owner does with a passkey that is set up: rename it, remove it."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.requests import SignedInRequest
from mfa.factors.webauthn.factor import KIND
from mfa.pages import own
from mfa.proof import fresh_proof_required, full_proof_required


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def rename(request: SignedInRequest, pk: int) -> HttpResponse:
    return own.rename(request, own.found(request.user, KIND.slug, pk), "webauthn/rename.html")


@full_proof_required
@require_http_methods(["GET", "POST"])
def remove(request: SignedInRequest, pk: int) -> HttpResponse:
    return own.remove(request, own.found(request.user, KIND.slug, pk), "webauthn/remove.html")
