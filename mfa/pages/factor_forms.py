"""The shape of what is typed on the pages of a factor, of whatever kind: its name, two codes in a row."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mfa.enrolment import NAME_LENGTH
from mfa.pages.forms import CodeField

REFUSED_CATEGORIES = frozenset({"Cc", "Cn", "Co", "Cs", "Zl", "Zp"})
REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def refuse_control_characters(text: str) -> None:
    """A name is one line of text that reads as it was typed: no controls, nothing that turns the direction around."""
    if any(unicodedata.category(char) in REFUSED_CATEGORIES or char in REORDERING for char in text):
        raise ValidationError(_("Use letters, digits and punctuation only."), code="control")


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        help_text=_("Something that tells it from others, for example the device it is on."),
        max_length=NAME_LENGTH,
        validators=[refuse_control_characters],
        error_messages={"required": _("Type a name.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class PairForm(forms.Form):
    """Two codes that follow each other, on one page."""

    first = CodeField(label=_("The code you see now"), error_messages={"required": _("Type the first code.")})
    second = CodeField(
        label=_("The code after it"), error_messages={"required": _("Wait for the next code and type it.")}
    )

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if typed.get("first") and typed.get("first") == typed.get("second"):
            self.add_error("second", _("That is the same code. Wait for the next one."))
        return typed

    @property
    def both(self) -> str:
        return f"{self.cleaned_data['first']}{self.cleaned_data['second']}"
