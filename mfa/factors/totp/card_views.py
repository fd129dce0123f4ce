"""What the owner does with an app that is set up: adjust its clock, rename it, remove it."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.requests import SignedInRequest
from mfa import enrolment
from mfa.factors.totp.factor import KIND
from mfa.factors.totp.forms import ClockForm, NameForm
from mfa.factors.totp.views import own
from mfa.kinds import Answer, Purpose
from mfa.models import Factor
from mfa.pages import sessions, ways
from mfa.proof import fresh_proof_required
from mfa.verification.service import Verdict, verify


@fresh_proof_required
@sensitive_post_parameters("first", "second")
@require_http_methods(["GET", "POST"])
def clock(request: SignedInRequest, pk: int) -> HttpResponse:
    factor = own(request.user, pk)
    form = ClockForm(request.POST or None)
    if form.is_valid():
        verdict = _judge(request, form.both)
        if verdict.accepted:
            messages.success(request, _("The clock of “%(name)s” is adjusted.") % {"name": _name(factor, verdict)})
            return redirect("dashboard")
        form.add_error("second", _words(verdict))
    return render(request, "totp/clock.html", {"form": form, "factor": factor}, status=422 if form.errors else 200)


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def rename(request: SignedInRequest, pk: int) -> HttpResponse:
    factor = own(request.user, pk)
    form = NameForm(request.POST or None, initial={"name": factor.name})
    if form.is_valid():
        enrolment.rename(factor, form.cleaned_data["name"], actor=request.user)
        messages.success(request, _("It is called “%(name)s” now.") % {"name": factor.name})
        return redirect("dashboard")
    return render(request, "totp/rename.html", {"form": form, "factor": factor}, status=422 if form.errors else 200)


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def remove(request: SignedInRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    factor = own(request.user, pk)
    kept = enrolment.must_keep(request.user, factor, now=now)
    if request.method == "POST" and not kept:
        return _remove(request, factor, now)
    until = enrolment.needed_from(request.user, factor, now=now)
    context = {"factor": factor, "last": enrolment.is_last(request.user, factor, now=now), "kept": kept, "until": until}
    return render(request, "totp/remove.html", context, status=409 if request.method == "POST" else 200)


def _remove(request: SignedInRequest, factor: Factor, now: datetime) -> HttpResponse:
    try:
        enrolment.remove(factor, actor=request.user, now=now)
    except enrolment.LastFactor:  # another tab removed the other one meanwhile
        messages.warning(request, _("Nothing was removed: this is your last second factor, and you must have one."))
        return redirect("dashboard")
    sessions.keep_after_removal(request, now=now)
    messages.success(request, _("“%(name)s” is removed. Its codes no longer work.") % {"name": factor.name})
    return redirect("dashboard")


def _judge(request: SignedInRequest, text: str) -> Verdict:
    attempt = ways.attempt(request, request.user, Answer(text, Purpose.PROOF), kind=KIND.slug)
    return verify(attempt, now=timezone.now())


def _name(factor: Factor, verdict: Verdict) -> str:
    return str((verdict.factor or factor).name)


def _words(verdict: Verdict) -> str:
    return verdict.refused.words if verdict.refused else ""
