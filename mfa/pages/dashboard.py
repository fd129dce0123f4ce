"""The first page: what protects me, what is missing, one clear next step."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from mfa import enrolment, kinds, policy
from mfa.pages import cards
from mfa.pages.gate import open_before_enrolment


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    factors = enrolment.usable(request.user, now=now)
    asked = policy.of(request.user)
    context = {
        "cards": cards.of(request.user, factors),
        "missing": cards.missing(factors),
        "required": policy.requires_factor(request.user, asked),
        "advice": cards.advice(factors),
    }
    return render(request, "pages/dashboard.html", context)


@open_before_enrolment
@require_safe
def enrol(request: HttpRequest) -> HttpResponse:
    """Guided first set-up: the kinds to choose from, the best one first."""
    choices = [kind for kind in kinds.registry().values() if kind.add_url() and kind.alone]
    if enrolment.usable(request.user, now=timezone.now()):
        return redirect("dashboard")
    return render(request, "pages/enrol.html", {"choices": sorted(choices, key=lambda kind: kind.rank)})
