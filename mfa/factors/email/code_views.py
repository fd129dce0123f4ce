"""Waiting for the code that went to the mailbox, and typing it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.requests import SignedInRequest
from mfa.delivery.writing import masked_address
from mfa.factors.email import flows
from mfa.factors.email.factor import KIND
from mfa.factors.email.forms import MailCodeForm
from mfa.factors.email.views import SENT, sent
from mfa.models import Delivery, OneTimeCode
from mfa.outcomes import Refused
from mfa.pages import onward, sessions
from mfa.pages.gate import open_before_enrolment
from mfa.proof import fresh_proof_required


@open_before_enrolment
@fresh_proof_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def confirm(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    form = MailCodeForm(request.POST or None)
    try:
        row = flows.pending(request.user, _kept(request).get("token", ""))
        if form.is_valid():
            return _confirmed(request, row, form.cleaned_data["code"], now)
    except flows.NothingWaits as refused:
        messages.info(request, refused.words)
        return redirect("email:set_up")
    except Refused as refused:
        form.add_error("code", refused.words)
    return _page(request, row, form, now)


@open_before_enrolment
@fresh_proof_required
@require_POST
def resend(request: SignedInRequest) -> HttpResponse:
    if not _kept(request):
        return redirect("email:set_up")
    if sent(request):
        messages.success(request, _("A new code is on its way. The older one no longer works."))
    return redirect("email:confirm")


def _confirmed(request: SignedInRequest, row: OneTimeCode, code: str, now: datetime) -> HttpResponse:
    factor = flows.confirm(request.user, row.token, code, actor=request.user, now=now)
    del request.session[SENT]
    proved = sessions.is_verified(request)
    sessions.keep(request, proved_by=factor if KIND.in_portal and not proved else None)
    messages.success(request, _("Your mailbox is confirmed. Applications that accept codes by e-mail can use it now."))
    return redirect(onward.after_change(request.user, first=not proved, now=now))


def _page(request: SignedInRequest, row: OneTimeCode, form: MailCodeForm, now: datetime) -> HttpResponse:
    delivery_id = _kept(request)["delivery"]
    context = {
        "form": form,
        "masked": masked_address(request.user.email),
        "ended": bool(row.ending) or row.expires_at <= now,
        "delivery": Delivery.objects.filter(pk=delivery_id, user=request.user).first(),
        "delivery_url": reverse("delivery_state", args=[delivery_id]),
        "resend_at": KIND.next_send_at(request.user, now=now) or now,
        "now": now,
    }
    return render(request, "email/confirm.html", context, status=422 if form.errors else 200)


def _kept(request: SignedInRequest) -> dict[str, Any]:
    kept: dict[str, Any] = request.session.get(SENT, {})
    return kept
