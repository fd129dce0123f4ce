"""Every page is closed unless it says otherwise. The gate lets through whoever has shown all that is asked of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import User
from accounts.requests import SignedInRequest
from mfa import activation, enrolment, holdings, policy
from mfa.models import Factor
from mfa.pages import sessions

View = Callable[..., HttpResponse]
ON_THE_WAY_IN = "on_the_way_in"
"""Marks a request of somebody who must enrol first: other pages would only lead back."""


def open_before_enrolment(view: View) -> View:
    """Open the page to a person who must enrol a factor first."""
    view.open_before_enrolment = True  # type: ignore[attr-defined]
    return view


def open_to_add_more(view: View) -> View:
    """Open the page to a person who has shown a factor and must add what is still missing."""
    view.open_to_add_more = True  # type: ignore[attr-defined]
    return view


def open_before_activation(view: View) -> View:
    """Open the page to a person who must type an activation code first, and to one who must enrol."""
    view.open_before_activation = True  # type: ignore[attr-defined]
    return open_before_enrolment(view)


class Gate:
    """Django's `login_not_required` opens a page to everybody; the two decorators above open it on the way in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        sessions.mark_browser(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if not getattr(view, "login_required", True):
            return None
        now = timezone.now()
        user = request.user
        if not isinstance(user, User) or sessions.too_old(request, now=now):
            return _to_sign_in(request)
        if not sessions.is_open(cast(SignedInRequest, request), now=now):
            return _to_sign_in(request)
        judge = _with_factor if sessions.is_verified(request) else _without_factor
        return judge(request, user, view, now)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A kind that the rules do not offer is refused where its enrolment begins, whichever kind it is."""
        if not isinstance(exception, enrolment.KindNotAllowed):
            return None
        messages.warning(request, exception.words)
        return redirect("enrol")


def _with_factor(request: HttpRequest, user: User, view: View, now: datetime) -> HttpResponse | None:
    """The way of a person whose session has shown a factor: on, unless a rule in force asks for more than they have."""
    shown = cast(Factor, getattr(user, "otp_device"))  # noqa: B009  # set by django-otp's middleware
    if policy.is_met_by(user, shown.kind, now=now) or not holdings.standing(user, now=now).closed:
        return None
    setattr(request, ON_THE_WAY_IN, True)
    is_open = getattr(view, "open_before_enrolment", False) or getattr(view, "open_to_add_more", False)
    return None if is_open else redirect("enrol")


def _without_factor(request: HttpRequest, user: User, view: View, now: datetime) -> HttpResponse | None:
    """The way of a person whose session has shown no factor: on if there is none to show and none is required."""
    if holdings.opening(user, now=now):
        return _to_sign_in(request)
    asked = policy.of(user, now=now)
    by_code = holdings.needs_activation(user, asked)
    if by_code or asked.required:
        setattr(request, ON_THE_WAY_IN, True)
    if by_code and not activation.opened(request.session, user, now=now):
        return None if getattr(view, "open_before_activation", False) else redirect("activation:enter")
    if by_code or asked.required:
        return None if getattr(view, "open_before_enrolment", False) else redirect("enrol")
    return None


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    sessions.close(request)
    target = request.get_full_path() if request.method == "GET" else ""
    query = f"?{urlencode({'next': target})}" if target not in ("", "/") else ""
    return redirect(reverse("sign_in") + query)
