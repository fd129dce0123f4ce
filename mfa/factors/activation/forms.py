"""The shape of a typed activation code, and of a first password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_lazy as _

from accounts import names, passwords


class ActivationForm(forms.Form):
    code = forms.CharField(
        label=_("Activation code"),
        max_length=64,
        error_messages={"required": _("Type the activation code that helpdesk gave you.")},
        help_text=_("Twelve letters and digits, such as ABCD-EFGH-2345. Dashes and lower case do not matter."),
    )


class FirstPasswordForm(ActivationForm):
    """Who, by which code, and the new password twice."""

    field_order = ("username", "code", "password", "again")
    username = forms.CharField(
        label=_("User name"),
        max_length=names.LONGEST,
        error_messages={"required": _("Type your user name.")},
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "off", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("New password"),
        max_length=passwords.LONGEST,
        strip=False,
        error_messages={"required": _("Type a new password.")},
        help_text=_("At least 12 characters, and none of those that everybody uses. Several words are good."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("New password again"),
        max_length=passwords.LONGEST,
        strip=False,
        error_messages={"required": _("Type the new password again.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_password(self) -> str:
        """What is too weak for anybody, before it is known who asks."""
        password: str = self.cleaned_data["password"]
        if not password.strip():
            raise ValidationError(gettext("Type a new password."))
        password_validation.validate_password(password)
        return password

    def clean(self) -> dict[str, Any]:
        typed = self.cleaned_data
        if "password" in typed and "again" in typed and typed["password"] != typed["again"]:
            self.add_error("again", ValidationError(gettext("The two passwords differ. Type the new one again.")))
        return typed
