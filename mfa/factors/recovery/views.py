"""Recovery codes: have them made, keep them, prove it. The session keeps the waiting row's id and nothing else."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import SignedInRequest
from mfa import enrolment
from mfa.factors.recovery import flows
from mfa.factors.recovery.codes import HOW_MANY
from mfa.factors.recovery.factor import KIND
from mfa.factors.recovery.forms import KeptForm
from mfa.models import Factor
from mfa.outcomes import Refused
from mfa.pages import own, sessions
from mfa.pages.gate import open_to_add_more
from mfa.proof import fresh_proof_required, full_proof_required

WAITING = "recovery_waiting"


@open_to_add_more
@fresh_proof_required
@require_http_methods(["GET", "POST"])
def start(request: SignedInRequest) -> HttpResponse:
    if request.method == "POST":
        return _begin(request)
    held = flows.of(request.user)
    context = {"held": held, "left": KIND.left(held) if held else 0, "how_many": HOW_MANY}
    return render(request, "recovery/start.html", context | _place(held, step=1))


@open_to_add_more
@fresh_proof_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def show(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    form = KeptForm(request.POST or None)
    try:
        factor = flows.waiting(request.user, request.session.get(WAITING), now=now)
        if form.is_valid():
            return _confirm(request, form.cleaned_data["code"], now)
    except flows.NotOfTheSet as refused:
        form.add_error("code", refused.words)
    except Refused as refused:
        return _start_again(request, refused)
    held = flows.of(request.user)
    context = {"form": form, "codes": flows.shown(factor), "held": held} | _place(held, step=2)
    return render(request, "recovery/codes.html", context, status=422 if form.errors else 200)


@open_to_add_more
@fresh_proof_required
@never_cache
@require_safe
def download(request: SignedInRequest) -> HttpResponse:
    """The waiting codes as a text file, for whoever has no JavaScript."""
    try:
        factor = flows.waiting(request.user, request.session.get(WAITING), now=timezone.now())
    except flows.NothingWaiting as refused:
        return _start_again(request, refused)
    head = [settings.PORTAL_NAME, settings.PUBLIC_URL, request.user.username, ""]
    response = HttpResponse("\n".join([*head, *flows.shown(factor), ""]), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="recovery-codes.txt"'
    return response


@full_proof_required
@require_http_methods(["GET", "POST"])
def remove(request: SignedInRequest) -> HttpResponse:
    held = flows.of(request.user)
    if held is None:
        return redirect("dashboard")
    now = timezone.now()
    if request.method == "POST":
        return _remove(request, held, now)
    return render(request, "recovery/remove.html", own.loss(request.user, held, now=now))


def _begin(request: SignedInRequest) -> HttpResponse:
    try:
        factor = flows.begin(request.user, now=timezone.now())
    except flows.NeedsAnother as refused:
        messages.warning(request, refused.words)
        return redirect("dashboard")
    request.session[WAITING] = factor.pk
    return redirect("recovery:codes")


def _confirm(request: SignedInRequest, text: str, now: datetime) -> HttpResponse:
    before = flows.of(request.user)
    flows.confirm(request.user, request.session.get(WAITING), text, now=now)
    del request.session[WAITING]
    sessions.keep_after_removal(request, now=now)
    if before is None:
        messages.success(request, _("Your recovery codes are set up. They are not shown again."))
    else:
        messages.success(request, _("Your new recovery codes are set up. The old ones no longer work."))
    return redirect("set_up_done" if before is None else "dashboard")


def _remove(request: SignedInRequest, held: Factor, now: datetime) -> HttpResponse:
    try:
        enrolment.remove(held, actor=request.user, now=now)
    except enrolment.LastFactor:
        messages.warning(request, _("Nothing was removed: your organisation asks for what you would no longer have."))
        return redirect("dashboard")
    sessions.keep_after_removal(request, now=now)
    messages.success(request, _("Your recovery codes are removed. None of them works any longer."))
    return redirect("dashboard")


def _start_again(request: SignedInRequest, refused: Refused) -> HttpResponse:
    messages.info(request, refused.words)
    return redirect("recovery:start")


def _place(held: Factor | None, *, step: int) -> dict[str, int]:
    """Which of the two pages it is; whoever has no codes yet sees the whole way of the set-up instead."""
    return {"step": step, "steps": 2} if held else {}
