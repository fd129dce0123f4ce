"""Which factor is asked for first."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.requests import SignedInRequest
from mfa import holdings, kinds, preferences
from mfa.models import Factor
from mfa.outcomes import Unusable
from mfa.proof import fresh_proof_required


class FirstForm(forms.Form):
    """One of the person's own factors, by its place in the list they are shown."""

    factor = forms.ChoiceField(label=gettext_lazy("Ask for first"), widget=forms.RadioSelect)

    def __init__(self, *args: object, factors: list[Factor], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["factor"].choices = [(mark(factor), words(factor)) for factor in factors]  # type: ignore[attr-defined]


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def choose(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    found = [factor for factor in holdings.usable(request.user, now=now) if preferences.may_be_first(factor)]
    by_mark = {mark(factor): factor for factor in preferences.in_order(request.user, found)}
    if len(by_mark) < 2:
        return redirect("dashboard")
    wanted = request.GET.get("factor", "")
    initial = {"factor": wanted if wanted in by_mark else next(iter(by_mark))}
    form = FirstForm(request.POST or None, factors=found, initial=initial)
    if form.is_valid():
        return _prefer(request, by_mark[form.cleaned_data["factor"]])
    return render(request, "pages/preferred.html", {"form": form}, status=422 if form.errors else 200)


def mark(factor: Factor) -> str:
    """A factor's name in a form: its kind, and its row where it has one."""
    return f"{factor.kind}-{factor.pk or 0}"


def words(factor: Factor) -> str:
    """What tells the factor from the person's others."""
    kind = kinds.kind(factor.kind)
    described = kind.describe(factor) if not factor.name or kind.says_no_more(factor.name) else factor.name
    return " · ".join(part for part in (str(kind.label), described) if part)


def _prefer(request: SignedInRequest, factor: Factor) -> HttpResponse:
    try:
        preferences.prefer(request.user, factor, actor=request.user, now=timezone.now())
    except Unusable as refused:
        messages.warning(request, refused.words)
    else:
        messages.success(request, _("From now on we ask for this first: %(name)s.") % {"name": words(factor)})
    return redirect("dashboard")
