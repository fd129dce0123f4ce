"""The page to try the interface: one real request with a key that the admin types, and the answer as it came.

The same key, body and judgement as over https, so the request counts, is logged and may send a code. Key, password and
code are neither shown again nor kept.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from ninja.errors import HttpError
from pydantic import ValidationError

from accounts import names, trace
from accounts.models import User
from accounts.requests import address_of
from mfa import audit
from mfa.api import clients, verify
from mfa.api.clients import NotAllowed, Verb
from mfa.models import AuthenticationRecord

VERBS = ((Verb.VERIFY.value, gettext_lazy("Judge a code")), (Verb.CHALLENGE.value, gettext_lazy("Ask for a code")))
FIELDS = ("username", "password", "code", "state")


class TrialForm(forms.Form):
    """The key and the fields of the body; what is left empty is not sent."""

    verb = forms.ChoiceField(label=gettext_lazy("What to ask"), choices=VERBS, widget=forms.RadioSelect)
    key = forms.CharField(
        label=gettext_lazy("Key"), max_length=100, widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text=gettext_lazy("Of the application, as it was shown once; it has to be allowed from your address."),
    )  # fmt: skip
    username = forms.CharField(label=gettext_lazy("User name"), max_length=names.LONGEST)
    password = forms.CharField(
        label=gettext_lazy("Password"), required=False, strip=False, max_length=1024,
        widget=forms.PasswordInput({"autocomplete": "off"}),
        help_text=gettext_lazy("Where the application leaves it to the portal. Use an account of your own."),
    )  # fmt: skip
    code = forms.CharField(
        label=gettext_lazy("Code"), required=False, strip=False, max_length=64,
        widget=forms.TextInput({"autocomplete": "off"}), help_text=gettext_lazy("To have it judged."),
    )  # fmt: skip
    state = forms.CharField(
        label=gettext_lazy("State"), required=False, max_length=64, widget=forms.TextInput({"autocomplete": "off"}),
        help_text=gettext_lazy("Of an answer that asked for a code."),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Heard:
    """Status and body of the answer, what of it the next request takes, and the attempt's page where one was logged."""

    status: int
    body: str
    goes_on: dict[str, str]
    attempt_url: str = ""


def page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The form, and after its button the answer. The right to it was checked."""
    form = TrialForm(request.POST if request.method == "POST" else None, initial={"verb": Verb.VERIFY.value})
    more: dict[str, Any] = {"title": _("Try the interface"), "address": address_of(request)}
    if form.is_valid():
        more["heard"] = heard = _ask(form.cleaned_data, request)
        form = TrialForm(initial={"verb": Verb.VERIFY.value, "username": form.cleaned_data["username"]} | heard.goes_on)
    more["form"] = form
    return TemplateResponse(
        request, "admin/desk/interface_trial.html", context | more, status=422 if form.errors else 200
    )


def _ask(given: dict[str, Any], request: HttpRequest) -> Heard:
    now, verb = timezone.now(), Verb(given["verb"])
    try:
        client = clients.authenticate(f"Bearer {given['key']}", verb, address=address_of(request), now=now)
    except NotAllowed as refused:
        audit.record("application.tried", user=None, actor=cast(User, request.user), application="")
        return _told(403 if refused.known else 401, {"detail": refused.words if refused.known else "Unauthorized"})
    slug = client.application.slug
    audit.record("application.tried", user=None, actor=cast(User, request.user), application=slug)
    status, body = _judged(client, verb, {name: given[name] for name in FIELDS if given[name]})
    row = AuthenticationRecord.objects.filter(application=slug, at__gte=now, request_id=trace.request_id.get()).last()
    return _told(status, body, reverse("admin:mfa_authenticationrecord_change", args=[row.pk]) if row else "")


def _judged(client: clients.Client, verb: Verb, body: dict[str, str]) -> tuple[int, dict[str, Any]]:
    try:
        if verb is Verb.VERIFY:
            typed = verify.CodeTyped(**body)
            return 200, verify.answered(client, typed, code=typed.code).model_dump()
        return 200, verify.answered(client, verify.Question(**body)).model_dump()
    except ValidationError as error:
        return 422, {"detail": [{"where": list(one["loc"]), "what": one["msg"]} for one in error.errors()]}
    except HttpError as error:
        return error.status_code, {"detail": str(error)}


def _told(status: int, body: dict[str, Any], attempt_url: str = "") -> Heard:
    goes_on = {"state": body["state"]} if body.get("state") else {}
    return Heard(status, json.dumps(body, indent=2, ensure_ascii=False), goes_on, attempt_url)
