"""The shape of a typed activation code."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class ActivationForm(forms.Form):
    code = forms.CharField(
        label=_("Activation code"),
        max_length=64,
        error_messages={"required": _("Type the activation code that helpdesk gave you.")},
        help_text=_("Twelve letters and digits, such as ABCD-EFGH-2345. Dashes and lower case do not matter."),
    )
