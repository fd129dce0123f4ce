"""The shape of what is typed back when recovery codes are made."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from mfa.pages.forms import CodeField


class KeptForm(forms.Form):
    """One of the new codes, typed back."""

    code = CodeField(
        label=_("Type one of the codes from your copy"), error_messages={"required": _("Type one of the codes.")}
    )
