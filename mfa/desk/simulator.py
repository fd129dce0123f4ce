"""The page that says what somebody would be asked at an application, by the real decision."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import names
from accounts.addresses import canonical
from accounts.models import User
from mfa import kinds
from mfa.api import radius
from mfa.models import Application, RememberRule
from mfa.verification.dialogue import Asked
from mfa.verification.simulation import Simulation, simulate

LONGEST_LOOK = timedelta(days=3653)


class CaseForm(forms.Form):
    """Who, where, from which address, when."""

    person = forms.CharField(label=_("User name"), max_length=names.LONGEST)
    application = forms.ModelChoiceField(
        Application.objects.filter(active=True), label=_("Application"), empty_label=_("Choose one")
    )
    address = forms.CharField(
        label=_("Address of the person"), max_length=45, required=False,
        help_text=_("As the application would name it; counts only where the application is believed."),
    )  # fmt: skip
    at = forms.DateTimeField(
        label=_("When"), required=False, help_text=_("Empty: now."),
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip

    def clean_at(self) -> datetime | None:
        at: datetime | None = self.cleaned_data["at"]
        if at is not None and abs(at - timezone.now()) > LONGEST_LOOK:
            raise forms.ValidationError(_("Choose a moment within ten years from now."))
        return at

    def clean_address(self) -> str:
        typed = str(self.cleaned_data["address"]).strip()
        if typed and not canonical(typed):
            raise forms.ValidationError(_("Write one address such as 192.0.2.7 or 2001:db8::7."))
        return canonical(typed)


def told(form: CaseForm) -> dict[str, Any]:
    """What would be answered in this case, for the page."""
    given = form.cleaned_data
    application: Application = given["application"]
    address = given["address"] if application.address_attribute else ""
    asked = Asked(application, given["person"], address=address)
    found = simulate(asked, now=given["at"] or timezone.now())
    return {
        "application": application, "person": User.objects.filter(username=names.normalise(asked.name)).first(),
        "rule": RememberRule.objects.filter(name=found.rule).first() if found.rule else None,
        "found": found, "outcome": _outcome(found), "ignored": given["address"] and not address,
        "factors": [
            (kinds.kind(one.kind).label, kinds.kind(one.kind).describe(one)) for one in found.factors
        ],
        "waiting": [(kinds.kind(one.factor.kind).label, one) for one in found.waiting],
        "attributes": _attributes(application, found),
    }  # fmt: skip


def _outcome(found: Simulation) -> str:
    if found.reply.accepted:
        return "accept"
    return "ask" if found.reply.state else "refuse"


def _attributes(application: Application, found: Simulation) -> list[tuple[str, str]]:
    """The attributes that the gateway would get with the acceptance."""
    if not found.reply.accepted:
        return []
    _status, body = radius.response(application, found.reply)
    given = ((name.removeprefix("reply:"), value) for name, value in body.items() if name.startswith("reply:"))
    return [(name, str(value["value"][0])) for name, value in given if name != "Reply-Message"]
