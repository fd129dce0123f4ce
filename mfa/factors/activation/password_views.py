"""The page on which the owner of a new local account sets its first password."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import password_validation
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.requests import address_of
from mfa import activation
from mfa.factors.activation import first_password
from mfa.factors.activation.forms import FirstPasswordForm
from mfa.outcomes import Refused
from mfa.pages import sessions


@login_not_required
@sensitive_post_parameters("code", "password", "again")
@require_http_methods(["GET", "POST"])
def set_first(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("dashboard")
    form = FirstPasswordForm(request.POST or None)
    if form.is_valid() and _done(request, form, timezone.now()):
        messages.success(request, _("Your password is set. Now set up your second factor."))
        return redirect("enrol")
    return render(request, "activation/first_password.html", {"form": form}, status=422 if form.errors else 200)


def _done(request: HttpRequest, form: FirstPasswordForm, now: datetime) -> bool:
    """Set it and open the session, which may enrol; False where the form comes back with its error. The code is used
    up only with a password that is good enough for this person."""
    typed, address = form.cleaned_data, address_of(request)
    try:
        user = first_password.holder(typed["username"], typed["code"], address=address, now=now)
        password_validation.validate_password(typed["password"], user)
        row = first_password.give(user, typed["code"], typed["password"], address=address, now=now)
    except ValidationError as weak:
        form.add_error("password", weak)
        return False
    except Refused:
        form.add_error(
            None, _("That did not work. Check user name and code; after several wrong tries, wait a little.")
        )
        return False
    user.backend = settings.AUTHENTICATION_BACKENDS[0]
    sessions.sign_in(request, user, None, now=now)
    activation.open_enrolment(request.session, row)
    return True
