"""Waiting for the code that went to the new number, and typing it back."""

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
from mfa.factors.sms import flows, numbers
from mfa.factors.sms.factor import KIND
from mfa.factors.sms.refusals import NothingToConfirm
from mfa.factors.sms.views import CHANGE, begun, on_its_way
from mfa.models import Delivery, OneTimeCode
from mfa.outcomes import Refused
from mfa.pages import onward, sessions
from mfa.pages.forms import CodeForm
from mfa.pages.gate import open_before_enrolment
from mfa.proof import fresh_proof_required


@open_before_enrolment
@fresh_proof_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def confirm(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    form = CodeForm(request.POST or None)
    form.fields["code"].label = KIND.code_hint
    try:
        row = flows.pending(request.user, _kept(request).get("token", ""))
        if form.is_valid():
            return _finished(request, row, form.cleaned_data["code"], now)
    except NothingToConfirm as refused:
        messages.info(request, refused.words)
        return redirect("sms:change")
    except Refused as refused:
        form.add_error("code", refused.words)
    return _page(request, row, form, now)


@open_before_enrolment
@fresh_proof_required
@require_POST
def resend(request: SignedInRequest) -> HttpResponse:
    try:
        row = flows.pending(request.user, _kept(request).get("token", ""))
    except NothingToConfirm as refused:
        messages.info(request, refused.words)
        return redirect("sms:change")
    if begun(request, None, row.target):
        messages.success(request, _("A new code is on its way. The older one no longer works."))
    return redirect("sms:confirm")


@open_before_enrolment
@fresh_proof_required
@require_POST
def present(request: SignedInRequest) -> HttpResponse:
    """Send a code to the number that the person has, so that it counts as confirmed."""
    number = request.user.phone
    sent = on_its_way(request, number) or begun(request, None, number)
    return redirect("sms:confirm" if sent else "sms:change")


def _finished(request: SignedInRequest, row: OneTimeCode, code: str, now: datetime) -> HttpResponse:
    own = row.target == request.user.phone
    factor = flows.finish(request.user, row.token, code, actor=request.user, now=now)
    del request.session[CHANGE]
    proved = sessions.is_verified(request)
    sessions.keep(request, proved_by=None if proved else factor)
    done = (
        _("Your number is confirmed. Codes go to %(to)s.")
        if own
        else _("Your new number is confirmed. Codes now go to %(to)s.")
    )
    messages.success(request, done % {"to": _spoken(row)})
    return redirect(onward.after_change(request.user, first=not proved, now=now))


def _page(request: SignedInRequest, row: OneTimeCode, form: CodeForm, now: datetime) -> HttpResponse:
    kept = _kept(request)
    delivery = Delivery.objects.filter(pk=kept["delivery"], user=request.user).first()
    context = {
        "form": form,
        "number": _spoken(row),
        "shared": kept.get("shared"),
        "own": row.target == request.user.phone,
        "ended": bool(row.ending) or row.expires_at <= now,
        "delivery": delivery,
        "delivery_url": reverse("delivery_state", args=[kept["delivery"]]),
        "resend_at": KIND.next_send_at(request.user, now=now) or now,
        "now": now,
    }
    return render(request, "sms/confirm.html", context, status=422 if form.errors else 200)


def _spoken(row: OneTimeCode) -> str:
    phone = numbers.understood(row.target)
    return numbers.spoken(phone) if phone else row.target


def _kept(request: SignedInRequest) -> dict[str, Any]:
    kept: dict[str, Any] = request.session.get(CHANGE, {})
    return kept
