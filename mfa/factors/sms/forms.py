"""Country and number as people type them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.phone_rules import refusal, rules
from accounts.phones import Phone, Unusable, normalise
from mfa.factors.sms import notes, numbers

LONGEST = 100


class PhoneForm(forms.Form):
    """`phone` is the number as it was understood, once the form is valid."""

    country = forms.ChoiceField(label=_("Country"), error_messages={"required": _("Choose the country of the number.")})
    number = forms.CharField(
        label=_("Mobile number"),
        max_length=LONGEST,
        error_messages={"required": _("Type your mobile number.")},
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    phone: Phone | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"] = forms.ChoiceField(
            label=_("Country"),
            choices=[("", _("Choose a country")), *numbers.choices()],
            error_messages=self.fields["country"].error_messages,
        )

    @property
    def understood(self) -> str:
        return numbers.spoken(self.phone) if self.phone else ""

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("country") and typed.get("number"):
            try:
                self.phone = normalise(typed["number"], region=typed["country"], rules=rules())
            except Unusable as refused:
                self.add_error("number", refusal(refused))
        return typed


def filled_in(user: User, wish: str) -> dict[str, str]:
    """What the form starts with: the number of the directory that is wished for, else the likely country alone, that of
    the present number or the organisation's own."""
    wished = numbers.understood(notes.filled_in(user, wish))
    if wished:
        return {"country": wished.region, "number": wished.international}
    known = numbers.understood(user.phone)
    return {"country": known.region if known else settings.PHONE_DEFAULT_REGION or ""}
