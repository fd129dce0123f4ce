"""Waiting for the code that went to the mailbox, and typing it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
from mfa.kinds import Purpose
from mfa.models import Delivery, OneTimeCode
from mfa.outcomes import Refused
from mfa.pages import sessions
from mfa.pages.gate import open_before_enrolment
from mfa.proof import fresh_proof_required


@dataclass(frozen=True, slots=True)
class Errand:
    """What a code is typed for: the page that takes it, the one that sends it again, the one where it was asked for,
    and what follows."""

    purpose: Purpose
    template: str
    page: str
    again: str
    asked_on: str
    finish: Callable[[SignedInRequest, str, str, datetime], None]


@open_before_enrolment
@fresh_proof_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def confirm(request: SignedInRequest) -> HttpResponse:
    return _ask(request, ERRANDS[Purpose.CONFIRM_EMAIL])


@fresh_proof_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def test(request: SignedInRequest) -> HttpResponse:
    return _ask(request, ERRANDS[Purpose.TEST])


@open_before_enrolment
@fresh_proof_required
@require_POST
def resend(request: SignedInRequest) -> HttpResponse:
    return _send_again(request, ERRANDS[Purpose.CONFIRM_EMAIL])


@fresh_proof_required
@require_POST
def resend_test(request: SignedInRequest) -> HttpResponse:
    return _send_again(request, ERRANDS[Purpose.TEST])


def _send_again(request: SignedInRequest, errand: Errand) -> HttpResponse:
    if f"{SENT}:{errand.purpose}" not in request.session:
        return redirect(errand.asked_on)
    if sent(request, errand.purpose):
        messages.success(request, _("A new code is on its way. The older one no longer works."))
    return redirect(errand.page)


def _ask(request: SignedInRequest, errand: Errand) -> HttpResponse:
    now = timezone.now()
    form = MailCodeForm(request.POST or None)
    kept: dict[str, Any] = request.session.get(f"{SENT}:{errand.purpose}", {})
    try:
        row = flows.pending(request.user, errand.purpose, kept.get("token", ""))
        if form.is_valid():
            errand.finish(request, row.token, form.cleaned_data["code"], now)
            del request.session[f"{SENT}:{errand.purpose}"]
            return redirect("dashboard")
    except flows.NothingWaits as refused:
        messages.info(request, refused.words)
        return redirect(errand.asked_on)
    except Refused as refused:
        form.add_error("code", refused.words)
    return _page(request, errand, row, form, kept["delivery"], now)


def _page(
    request: SignedInRequest, errand: Errand, row: OneTimeCode, form: MailCodeForm, delivery_id: int, now: datetime
) -> HttpResponse:
    context = {
        "form": form,
        "masked": masked_address(request.user.email),
        "ended": bool(row.ending) or row.expires_at <= now,
        "delivery": Delivery.objects.filter(pk=delivery_id, user=request.user).first(),
        "delivery_url": reverse("delivery_state", args=[delivery_id]),
        "page_url": reverse(errand.page),
        "resend_url": reverse(errand.again),
        "resend_at": KIND.next_send_at(request.user, now=now) or now,
        "now": now,
    }
    return render(request, errand.template, context, status=422 if form.errors else 200)


def _confirmed(request: SignedInRequest, token: str, code: str, now: datetime) -> None:
    factor = flows.confirm(request.user, token, code, actor=request.user, now=now)
    proved = getattr(request.user, "otp_device", None) is not None
    sessions.keep(request, proved_by=factor if KIND.in_portal and not proved else None)
    messages.success(request, _("Your mailbox is confirmed. Applications that accept codes by mail can use it now."))


def _tested(request: SignedInRequest, token: str, code: str, now: datetime) -> None:
    flows.test(request.user, token, code, now=now)
    messages.success(request, _("Right: codes by mail reach you."))


ERRANDS = {
    errand.purpose: errand
    for errand in (
        Errand(
            Purpose.CONFIRM_EMAIL, "email/confirm.html", "email:confirm", "email:resend", "email:set_up", _confirmed
        ),
        Errand(Purpose.TEST, "email/test_code.html", "email:test_code", "email:resend_test", "email:test", _tested),
    )
}
