"""Signing in: user name and password, then any second factor the person has, then the session."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.requests import address_of
from mfa import kinds
from mfa.applications import PORTAL
from mfa.kinds import Purpose
from mfa.outcomes import DIRECTORY_UNREACHABLE, PASSWORD_VERIFIED, Refused, Result
from mfa.pages import sessions, steps, targets, ways
from mfa.pages.forms import SignInForm
from mfa.verification import log, passwords, service


@login_not_required
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "POST"])
def first_step(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated and request.method == "GET":
        return redirect(targets.after(request))
    form = SignInForm(request.POST or None)
    status = 200
    if form.is_valid():
        answer = _enter(request, form)
        if answer is not None:
            return answer
        status = 422
    context = {"form": form, "next": targets.after(request), "without_password": _without_password()}
    return render(request, "pages/sign_in.html", context, status=status)


@login_not_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    user = sessions.in_password_step(request, now=now)
    if user is None:
        return start_again(request)
    return steps.ask(request, user, STEP, now=now)


@login_not_required
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    user = sessions.in_password_step(request, now=now)
    if user is None:
        return start_again(request)
    return steps.send(request, user, STEP, now=now)


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    starting_again = sessions.in_password_step(request, now=timezone.now()) is not None
    sessions.close(request)
    if not starting_again:
        messages.success(request, _("You are signed out."))
    response = redirect("sign_in")
    response["Clear-Site-Data"] = '"cache"'
    return response


def _without_password() -> list[str]:
    """The parts of the page by which some kinds sign in without a password."""
    return [kind.sign_in_template for kind in kinds.registry().values() if kind.sign_in_template]


def _enter(request: HttpRequest, form: SignInForm) -> HttpResponse | None:
    """Judge the first step; None where the form comes back with its error."""
    now = timezone.now()
    typed = form.cleaned_data
    try:
        user = passwords.check(typed["username"], typed["password"], address=address_of(request), now=now)
    except Refused as refused:
        form.add_error(None, _neutral(refused.result))
        return None
    return _after_password(request, user, typed.get("code", ""), form, now)


def _after_password(
    request: HttpRequest, user: User, code: str, form: SignInForm, now: datetime
) -> HttpResponse | None:
    if not ways.of(user, now=now):
        log.write(
            user, user.username, PASSWORD_VERIFIED, application=PORTAL, address=address_of(request), now=now,
            kind="password",
        )  # fmt: skip
        return _opened(request, user, None, now)
    if code:
        verdict = steps.judge_any(request, user, code, now=now)
        if not verdict.accepted:
            form.add_error(None, _neutral(verdict.result))
            return None
        return _opened(request, user, verdict, now)
    sessions.remember_password_step(request, user, now=now)
    return redirect(f"{reverse('second_step')}?{urlencode({'next': targets.after(request)})}")


def _opened(request: HttpRequest, user: User, verdict: service.Verdict | None, now: datetime) -> HttpResponse:
    """Whoever needed a recovery code reads first what to do about it."""
    factor = verdict.factor if verdict else None
    sessions.sign_in(request, user, factor, now=now)
    came_back = factor is not None and kinds.kind(factor.kind).backup
    return redirect("dashboard" if came_back else targets.after(request))


STEP = steps.Step(
    Purpose.SIGN_IN, "pages/second_step.html", page="second_step", send_page="second_step_send", done=_opened
)


def start_again(request: HttpRequest) -> HttpResponse:
    """To the first step, with a word why."""
    messages.info(request, _("That took a while. Sign in again."))
    return redirect("sign_in")


def _neutral(result: Result) -> str:
    """One sentence for every cause, so that nobody learns which half was wrong or whether the account exists."""
    if result is DIRECTORY_UNREACHABLE:
        return _("Signing in is not possible just now. Try again in a minute.")
    if settings.SIGN_IN_CODE_FIELD == "always":
        return _("That did not work. Check user name, password and code. After several wrong tries, wait a little.")
    return _("That did not work. Check user name and password. After several wrong tries, wait a little.")
