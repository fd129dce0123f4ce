"""Asking for a code that confirms one's mailbox, and giving codes by mail up."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.requests import SignedInRequest
from mfa import enrolment
from mfa.delivery import watch
from mfa.delivery.writing import masked_address
from mfa.factors.email import flows
from mfa.factors.email.factor import KIND
from mfa.outcomes import Refused
from mfa.pages import own, sessions
from mfa.pages.gate import open_before_enrolment
from mfa.proof import fresh_proof_required, full_proof_required

SENT = "email_code"
"""Under this the session keeps which code it asked for."""


@open_before_enrolment
@fresh_proof_required
@require_http_methods(["GET", "POST"])
def set_up(request: SignedInRequest) -> HttpResponse:
    """What codes by mail are good for, and the first code."""
    try:
        flows.refuse(request.user, now=timezone.now())
    except Refused as refused:
        return render(request, "email/not_possible.html", {"words": refused.words}, status=_status(request))
    if request.method == "POST" and sent(request):
        return redirect("email:confirm")
    context = {"masked": masked_address(request.user.email), "in_portal": KIND.in_portal, "step": 1, "steps": 2}
    return render(request, "email/set_up.html", context)


@full_proof_required
@require_http_methods(["GET", "POST"])
def remove(request: SignedInRequest) -> HttpResponse:
    factor = flows.of(request.user)
    if factor is None:
        return redirect("dashboard")
    told = own.loss(request.user, factor, now=timezone.now())
    if request.method == "POST" and not told["kept"]:
        return _removed(request)
    told["masked"] = masked_address(request.user.email)
    return render(request, "email/remove.html", told, status=409 if request.method == "POST" else 200)


def sent(request: SignedInRequest) -> bool:
    """Send the code and remember which; where that is refused, say so on top of the page."""
    try:
        token, delivery = flows.begin(request.user, now=timezone.now())
    except Refused as refused:
        messages.warning(request, refused.words)
        return False
    request.session[SENT] = {"token": token, "delivery": delivery.pk}
    watch.remember(request.session, delivery)
    return True


def _removed(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    try:
        flows.remove(request.user, actor=request.user, now=now)
    except enrolment.LastFactor:  # another tab removed the other one meanwhile
        messages.warning(request, _("Nothing was removed: this is your last second factor, and you must have one."))
        return redirect("dashboard")
    sessions.keep_after_removal(request, now=now)
    messages.success(request, _("Codes by e-mail are switched off for your account."))
    return redirect("dashboard")


def _status(request: SignedInRequest) -> int:
    return 409 if request.method == "POST" else 200
