"""What the owner does with a factor of any kind: find it, adjust, rename or remove it. Kinds bring the templates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.requests import SignedInRequest, address_of
from mfa import enrolment, holdings, kinds, known
from mfa.applications import TRYING
from mfa.kinds import Answer, Purpose
from mfa.models import Factor
from mfa.pages import doors, sessions
from mfa.pages.factor_forms import NameForm, PairForm
from mfa.verification.service import Attempt, verify


def found(user: User, kind: str, pk: int) -> Factor:
    """The person's factor of this kind that a page is about. Raises Http404."""
    factor = holdings.own(user, kind, pk)
    if factor is None:
        raise Http404
    return factor


def rename(request: SignedInRequest, factor: Factor, template: str) -> HttpResponse:
    """The page that gives a factor another name. The caller's view asks for the fresh proof."""
    form = NameForm(request.POST or None, initial={"name": factor.name})
    if form.is_valid():
        enrolment.rename(factor, form.cleaned_data["name"], actor=request.user)
        messages.success(request, _("It is called “%(name)s” now.") % {"name": factor.name})
        return redirect("dashboard")
    return render(request, template, {"form": form, "factor": factor}, status=422 if form.errors else 200)


def adjust(request: SignedInRequest, factor: Factor, template: str, done: str) -> HttpResponse:
    """The page on which two codes that follow each other adjust a clock or counter; `done` says so, with the name for
    `%(name)s`. They are judged as a test is: used up, limited, logged, and worth nothing besides. The caller's view
    asks for the fresh proof."""
    form = PairForm(request.POST or None)
    if form.is_valid():
        answer = Answer(form.both, Purpose.TEST)
        attempt = Attempt(request.user, answer, TRYING, address_of(request), factor.kind)
        verdict = verify(attempt, now=timezone.now())
        if verdict.accepted:
            messages.success(request, done % {"name": (verdict.factor or factor).name})
            return redirect("dashboard")
        form.add_error("second", verdict.refused.words if verdict.refused else "")
    return render(request, template, {"form": form, "factor": factor}, status=422 if form.errors else 200)


def remove(request: SignedInRequest, factor: Factor, template: str) -> HttpResponse:
    """The page that gives a factor up, or says why it must stay. The caller's view asks for the fresh proof."""
    now = timezone.now()
    told = loss(request.user, factor, now=now)
    if request.method == "POST" and not told["kept"]:
        return _remove(request, factor, now)
    return render(request, template, told, status=409 if request.method == "POST" else 200)


def loss(user: User, factor: Factor, *, now: datetime) -> dict[str, Any]:
    """What `components/remove_page.html` says before a factor of the person is given up."""
    alone = kinds.kind(factor.kind).alone
    return {
        "factor": factor,
        "kept": enrolment.must_keep(user, factor, now=now),
        "last": alone and enrolment.is_last(user, factor, now=now),
        "until": enrolment.needed_from(user, factor, now=now),
        "closed": doors.closed_without(known.of(user, now=now), factor),
    }


def _remove(request: SignedInRequest, factor: Factor, now: datetime) -> HttpResponse:
    try:
        enrolment.remove(factor, actor=request.user, now=now)
    except enrolment.LastFactor:  # another tab removed the other one meanwhile
        messages.warning(request, _("Nothing was removed: this is your last second factor, and you must have one."))
        return redirect("dashboard")
    sessions.keep_after_removal(request, now=now)
    messages.success(request, _("“%(name)s” is removed and no longer works here.") % {"name": factor.name})
    return redirect("dashboard")
