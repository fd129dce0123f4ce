"""The shape of what is typed on the pages of an authenticator app."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from mfa.factors.totp.factor import KIND
from mfa.pages.forms import CodeField


class AppCodeForm(forms.Form):
    code = CodeField(label=KIND.code_hint, error_messages={"required": _("Type the code.")})
