"""The shape of what is typed on the way in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts import names, passwords
from mfa import codes
from mfa.kinds import Answers, FactorKind

CODE_LENGTH = 64
LONGEST_CEREMONY = 20_000


class CodeField(forms.CharField):
    """A code as people type it: spaces and dashes inside it are theirs to use, all else is judged as it stands."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "off", "spellcheck": "false", "class": "code"}
        )
        super().__init__(max_length=CODE_LENGTH, widget=widget, **{"label": _("Code")} | kwargs)

    def to_python(self, value: object) -> str:
        return codes.compact(super().to_python(value) or "")


class CodeForm(forms.Form):
    code = CodeField(error_messages={"required": _("Type the code.")})


class CeremonyForm(forms.Form):
    """What a browser's ceremony gave, put in by a script. Nobody types it, so what is wrong stands above the form."""

    code = forms.CharField(required=False, max_length=LONGEST_CEREMONY, widget=forms.HiddenInput)

    def __init__(self, typed: Any, *, alone: bool = False) -> None:
        super().__init__(typed)
        self.alone = alone

    def clean_code(self) -> str:
        given: str = self.cleaned_data["code"]
        if not given and self.alone:
            raise ValidationError(_("This needs JavaScript, which is off here or did not load. Use another browser."))
        if not given:
            raise ValidationError(_("This needs JavaScript, which is off here or did not load. Choose another way."))
        return given

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(None, error)


def answer_to(kind: FactorKind, typed: Any, *, alone: bool = False) -> forms.Form:
    """The form for an answer with this kind: a field to type into, or the place for what the ceremony gives. `alone`:
    the page offers no other way."""
    if kind.answers is Answers.CEREMONY:
        return CeremonyForm(typed, alone=alone)
    form = CodeForm(typed)
    form.fields["code"].label = str(kind.code_hint)
    return form


class PasswordForm(forms.Form):
    """The password of somebody who is known already."""

    password = forms.CharField(
        label=_("Password"),
        max_length=passwords.LONGEST,
        strip=False,
        error_messages={"required": _("Type your password.")},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class SignInForm(PasswordForm):
    """With `SIGN_IN_CODE_FIELD=always` everybody sees the code field, so that it tells nothing about anybody."""

    field_order = ("username", "password", "code")
    username = forms.CharField(
        label=_("User name"),
        max_length=names.LONGEST,
        error_messages={"required": _("Type your user name.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "off", "spellcheck": "false", "autofocus": True}
        ),
    )
    code = CodeField(
        required=False, help_text=_("Leave it empty to have a code sent, or if you have not set up a second factor.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if settings.SIGN_IN_CODE_FIELD != "always":
            del self.fields["code"]
