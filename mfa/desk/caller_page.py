"""The page on which helpdesk finds out whether a caller is who they say."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.models import User
from mfa import kinds, roles
from mfa.desk import reach
from mfa.outcomes import Refused
from mfa.proof import full_proof_required
from mfa.verification import callers


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code that the caller reads back"), max_length=20,
        error_messages={"required": gettext_lazy("Type the code that the caller reads back.")},
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip


def may(actor: User, person: User) -> bool:
    """Whether the actor's role checks callers, and this person is within its reach."""
    return person.is_active and actor.has_perm(roles.RESET_FACTORS) and not reach.out_of_reach(actor, person)


def check(model_admin: ModelAdmin[Any], request: HttpRequest, person: User) -> HttpResponse:
    """GET shows where a code can go; POST sends one (`to` names the kind), or judges what was read back."""
    if not may(cast(User, request.user), person):
        raise PermissionDenied
    return _checked(request, model_admin, person)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
@full_proof_required
def _checked(request: HttpRequest, model_admin: ModelAdmin[Any], person: User) -> HttpResponse:
    now = timezone.now()
    if "to" in request.POST:
        return _send(request, person, now)
    form = CodeForm(request.POST or None)
    if form.is_valid() and _right(request, person, form, now):
        messages.success(request, _("The caller read back the code. For ten minutes you can go on, once for each act."))
        return redirect("admin:accounts_user_change", person.pk)
    return _page(model_admin, request, person, form, now)


def _send(request: HttpRequest, person: User, now: datetime) -> HttpResponse:
    try:
        callers.start(person, request.POST["to"], actor=cast(User, request.user), now=now)
    except Refused as refused:
        messages.warning(request, refused.words)
    else:
        messages.success(request, _("The code is on its way. Ask the caller to read it to you."))
    return redirect("admin:accounts_user_caller", person.pk)


def _right(request: HttpRequest, person: User, form: CodeForm, now: datetime) -> bool:
    try:
        callers.finish(person, form.cleaned_data["code"], actor=cast(User, request.user), now=now)
    except Refused as refused:
        form.add_error("code", refused.words)
        return False
    return True


def _page(
    model_admin: ModelAdmin[Any], request: HttpRequest, person: User, form: CodeForm, now: datetime
) -> TemplateResponse:
    actor = cast(User, request.user)
    sent, ways = callers.latest(person, actor=actor), callers.ways(person, actor=actor, now=now)
    context = model_admin.admin_site.each_context(request) | {
        "opts": model_admin.opts, "title": _("Check the caller"), "person": person, "form": form,
        "ways": [(kinds.kind(one.kind), kinds.kind(one.kind).describe(one)) for one in ways],
        "sent": sent if sent and sent.passed_at is None and now < sent.sent_at + callers.STANDS_FOR else None,
    }  # fmt: skip
    return TemplateResponse(request, "admin/desk/caller.html", context, status=422 if form.errors else 200)
