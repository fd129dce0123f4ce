"""Where I am signed in and what applications remember of me, and the end of it."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.requests import SignedInRequest
from mfa import signed_in
from mfa.models import OpenSession, Remembered
from mfa.pages import sessions
from mfa.proof import fresh_proof_required

MOST = 100


@require_safe
def show(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    user = request.user
    context = {
        "sessions": signed_in.of(user, now=now)[:MOST],
        "this": request.session.get(sessions.ROW),
        "remembered": _remembered(user, now).order_by("-at")[:MOST],
    }
    return render(request, "pages/places.html", context)


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def end(request: SignedInRequest, token: str) -> HttpResponse:
    row = next((one for one in signed_in.of(request.user, now=timezone.now()) if one.token == token), None)
    if row is None:
        raise Http404
    if request.method == "POST":
        return _end(request, row)
    return render(request, "pages/end_session.html", {"session": row})


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def end_all(request: SignedInRequest) -> HttpResponse:
    if request.method == "POST":
        signed_in.end_all(request.user, actor=request.user)
        sessions.close(request)
        messages.success(request, _("You are signed out everywhere."))
        return redirect("sign_in")
    return render(request, "pages/end_all.html")


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def forget_one(request: SignedInRequest, pk: int) -> HttpResponse:
    row = _remembered(request.user, timezone.now()).filter(pk=pk).first()
    if row is None:
        raise Http404
    if request.method == "POST":
        signed_in.forget_one(row, actor=request.user)
        messages.success(request, _("You are asked for a code there the next time."))
        return redirect("sessions")
    return render(request, "pages/forget_one.html", {"one": row})


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def forget(request: SignedInRequest) -> HttpResponse:
    if request.method == "POST":
        signed_in.forget_remembered(request.user, actor=request.user)
        messages.success(request, _("From now on every application asks you for a code again."))
        return redirect("sessions")
    return render(request, "pages/forget_remembered.html")


def _remembered(user: User, now: datetime) -> QuerySet[Remembered]:
    """What spares the person a code now."""
    living = Remembered.objects.filter(user=user, epoch=user.security_epoch, until__gt=now, rule__active=True)
    return living.select_related("application", "rule")


def _end(request: SignedInRequest, row: OpenSession) -> HttpResponse:
    signed_in.end(row, actor=request.user)
    if row.pk == request.session.get(sessions.ROW):
        sessions.close(request)
        messages.success(request, _("You are signed out."))
        return redirect("sign_in")
    messages.success(request, _("That session is signed out."))
    return redirect("sessions")
