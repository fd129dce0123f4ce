"""The shape of what is typed on the pages of an mOTP app."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from mfa.factors.motp import flows
from mfa.factors.motp.algorithm import LONGEST_PIN, SHORTEST_PIN
from mfa.factors.motp.factor import KIND
from mfa.pages.factor_forms import NameForm
from mfa.pages.forms import CodeField

MADE_LONG, MADE_SHORT, TYPED = "32", "16", "typed"
SOURCES = (
    (MADE_LONG, _("New, 32 digits")),
    (MADE_SHORT, _("New, 16 digits (older apps)")),
    (TYPED, _("My app made one")),
)
NO_SECRET = _("Type the 16 or 32 digits and letters from a to f that the app shows.")
_SECRET = re.compile(r"\A(?:[0-9a-f]{16}){1,2}\Z", re.ASCII)


class PinField(forms.CharField):
    """Masked as a password is, and taken to the last digit."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "off", "inputmode": "numeric"}
        super().__init__(
            min_length=SHORTEST_PIN, max_length=LONGEST_PIN, widget=forms.PasswordInput(attrs=attrs), strip=False,
            validators=[RegexValidator(re.compile(r"\A[0-9]*\Z"), _("Use digits only."))],
            error_messages={"required": _("Type a PIN of 4 digits or more.")}, **kwargs,
        )  # fmt: skip


class SecretField(forms.CharField):
    """A secret that the app made, with the blanks and colons that it shows."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        super().__init__(
            label=_("Secret from the app"), required=False, max_length=64, widget=forms.TextInput(attrs=attrs),
            help_text=_("Only if your app made it: 16 or 32 digits and letters from a to f."), **kwargs,
        )  # fmt: skip

    def to_python(self, value: object) -> str:
        text = re.sub(r"[\s:-]", "", super().to_python(value) or "").lower()
        if text and not _SECRET.fullmatch(text):
            raise forms.ValidationError(NO_SECRET)
        return text


class AddForm(NameForm):
    """Where the secret comes from: made here, or by the app."""

    field_order = ("name", "pin", "source", "secret")
    pin = PinField(label=_("PIN"), help_text=_("The digits that you type into the app for each code."))
    source = forms.ChoiceField(label=_("Secret"), choices=SOURCES, initial=MADE_LONG)
    secret = SecretField()

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        if typed.get("source") == TYPED and typed.get("secret") == "":
            self.add_error("secret", NO_SECRET)
        return typed

    @property
    def shown(self) -> bool:
        """Whether the secret is made here, and so must be shown."""
        return bool(self.cleaned_data["source"] != TYPED)

    @property
    def chosen(self) -> str:
        """The secret; a new one at every call where it is made here."""
        return flows.new_secret(int(self.cleaned_data["source"])) if self.shown else str(self.cleaned_data["secret"])


class MotpCodeForm(forms.Form):
    code = CodeField(label=KIND.code_hint, error_messages={"required": _("Type the code.")})


class RenewForm(forms.Form):
    """`secret` was made here for the page that shows it, and comes back with the code; one that the app made counts
    instead."""

    secret = forms.RegexField(_SECRET, widget=forms.HiddenInput)
    own = SecretField()
    code = CodeField(
        label=_("Code that the app shows with the new secret"), error_messages={"required": _("Type the code.")}
    )

    @property
    def chosen(self) -> str:
        return str(self.cleaned_data["own"] or self.cleaned_data["secret"])


class PinForm(forms.Form):
    pin = PinField(label=_("New PIN"))
    code = CodeField(
        label=_("Code that the app shows with the new PIN"), error_messages={"required": _("Type the code.")}
    )
