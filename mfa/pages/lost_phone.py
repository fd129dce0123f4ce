"""I lost my phone, said from inside or after the password alone: it suspends, says what to do now, and adds nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.requests import SignedInRequest
from mfa import holdings, kinds, lost, proof
from mfa.models import Factor
from mfa.outcomes import Unusable
from mfa.pages import sessions, sign_in, ways
from mfa.pages.gate import open_before_activation
from mfa.pages.preferred import mark, words
from mfa.proof import full_proof_required


class LostForm(forms.Form):
    """Which of the person's factors are gone. Ticked is the one that is `said` to be, else what is on phones."""

    gone = forms.MultipleChoiceField(
        label=gettext_lazy("What was on it?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick at least one.")},
    )

    def __init__(self, data: Any, factors: list[Factor], *, said: str = "") -> None:
        known = said in map(mark, factors)
        carried = [mark(one) for one in factors if kinds.kind(one.kind).on_phone]
        super().__init__(data, initial={"gone": [said] if known else carried})
        self.factors = factors
        self.on_phone = bool(carried) and not known
        if not self.on_phone:
            self.fields["gone"].label = _("What is gone?")
        self.fields["gone"].choices = [(mark(one), words(one)) for one in factors]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> list[Factor]:
        return [one for one in self.factors if mark(one) in self.cleaned_data["gone"]]


@open_before_activation
@require_http_methods(["GET", "POST"])
def report(request: SignedInRequest) -> HttpResponse:
    """Needs no fresh proof: it takes away only, and whoever lost the phone may be unable to give one."""
    now = timezone.now()
    form = _form(request, request.user, now)
    if form.is_valid():
        lost.report(request.user, form.chosen, actor=request.user, now=now)
        sessions.keep(request)
        proof.forget(request.session)
        return redirect("lost_phone_next")
    return _asked(request, form, "lost_phone_next")


@open_before_activation
@require_http_methods(["GET"])
def what_next(request: SignedInRequest) -> HttpResponse:
    return render(request, "pages/lost_phone_next.html", _next(request.user, timezone.now()))


@login_not_required
@require_http_methods(["GET", "POST"])
def report_on_the_way_in(request: HttpRequest) -> HttpResponse:
    """The password is the one proof that is left."""
    now = timezone.now()
    user = sessions.in_password_step(request, now=now)
    if user is None:
        return sign_in.start_again(request)
    form = _form(request, user, now)
    if form.is_valid():
        lost.report(user, form.chosen, actor=user, now=now)
        sessions.keep_password_step(request, user)
        return redirect("lost_phone_on_the_way_in_next")
    return _asked(request, form, "lost_phone_on_the_way_in_next", on_the_way=True)


@login_not_required
@require_http_methods(["GET"])
def what_next_on_the_way_in(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    user = sessions.in_password_step(request, now=now)
    if user is None:
        return sign_in.start_again(request)
    return render(
        request, "pages/lost_phone_next.html", _next(user, now) | {"on_the_way": True, "username": user.username}
    )


@full_proof_required
@require_http_methods(["GET", "POST"])
def resume(request: SignedInRequest, pk: int) -> HttpResponse:
    factor = next((one for one in lost.suspended(request.user) if one.pk == pk), None)
    if factor is None:
        raise Http404
    if request.method == "POST":
        return _resume(request, factor)
    return render(request, "pages/resume.html", {"factor": factor, "name": words(factor)})


def _resume(request: SignedInRequest, factor: Factor) -> HttpResponse:
    try:
        by = proof.kind(request.session)
        lost.resume(request.user, factor, proved_by=by, actor=request.user, now=timezone.now())
    except Unusable:
        text = _("Nothing was changed: this needs a proof by another factor, not by a recovery code or the password.")
        messages.warning(request, text)
        return redirect("lost_phone_next")
    sessions.keep(request)
    messages.success(
        request, _("“%(name)s” works again. Your other sessions have been signed out.") % {"name": words(factor)}
    )
    return redirect("dashboard")


def _asked(request: HttpRequest, form: LostForm, after: str, *, on_the_way: bool = False) -> HttpResponse:
    """What is gone; where nothing works that could be, at once what to do now."""
    if not form.factors:
        return redirect(after)
    context = {"form": form, "on_the_way": on_the_way}
    return render(request, "pages/lost_phone.html", context, status=422 if form.errors else 200)


def _form(request: HttpRequest, user: User, now: datetime) -> LostForm:
    """Of all that works, recovery codes apart: they are what is left then."""
    carried = [one for one in holdings.usable(user, now=now) if not kinds.kind(one.kind).backup]
    return LostForm(request.POST or None, carried, said=request.GET.get("gone", ""))


def _next(user: User, now: datetime) -> dict[str, Any]:
    return {"suspended": [words(one) for one in lost.suspended(user)], "remaining": ways.of(user, now=now)}
