"""The shape of what is typed on the pages of a hardware token."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from mfa.pages.forms import CodeField
from mfa.tokens.reading import LONGEST_SERIAL


class ClaimForm(forms.Form):
    serial = forms.CharField(
        label=_("Serial number"), max_length=2 * LONGEST_SERIAL,
        help_text=_("It is printed on the back of the token."),
        error_messages={"required": _("Type the serial number.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )  # fmt: skip
    code = CodeField(
        label=_("Code that the token shows"),
        help_text=_("If it is refused, type two codes that follow each other, one right after the other."),
        error_messages={"required": _("Type the code.")},
    )
