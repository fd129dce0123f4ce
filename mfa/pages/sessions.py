"""What a session knows on the way in: the password step, then the person, then the factor that proved it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from django.conf import settings
from django.contrib.auth import login, logout, update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django_otp import login as otp_login

from accounts.models import User
from accounts.requests import SignedInRequest, address_of
from mfa import holdings, kinds, proof, signed_in
from mfa.models import Factor
from mfa.pages import language

Response = TypeVar("Response", bound=HttpResponseBase)

STEP = "password_step"
STARTED_AT = "started_at"
ROW = "open_session"
BROWSER = "browser"
"""Marks a request whose browser gets the cookie by which it is known again; and the salt of its signature."""


def remember_password_step(request: HttpRequest, user: User, *, now: datetime) -> None:
    """The password was right; the second step is open for `PASSWORD_STEP_AGE`. Neither password nor code is kept."""
    language.learn(request, user)
    request.session.cycle_key()
    request.session[STEP] = {
        "user": user.pk,
        "backend": getattr(user, "backend", "accounts.backends.LocalBackend"),
        "hash": user.get_session_auth_hash(),
        "at": now.timestamp(),
    }


def in_password_step(request: HttpRequest, *, now: datetime) -> User | None:
    """Who gave the right password in this session a moment ago, if nothing about the account has changed since."""
    step = request.session.get(STEP)
    if not step or not 0 <= now.timestamp() - step["at"] < settings.PASSWORD_STEP_AGE.total_seconds():
        return None
    user = User.objects.filter(pk=step["user"], is_active=True).first()
    if user is None or user.get_session_auth_hash() != step["hash"]:
        return None
    user.backend = step["backend"]
    return user


def keep_password_step(request: HttpRequest, user: User) -> None:
    """As `keep`, for a session that is in its password step; `user` is the person as they were before the change."""
    after = User.objects.get(pk=user.pk)
    after.security_epoch = user.security_epoch + 1
    request.session.cycle_key()
    request.session[STEP] = request.session[STEP] | {"hash": after.get_session_auth_hash()}


def sign_in(request: HttpRequest, user: User, factor: Factor | None, *, now: datetime) -> None:
    """Open the session of a person. Its id changes; the proof just given is fresh."""
    language.learn(request, user)
    request.session.pop(STEP, None)
    signed_in.close(request.session.get(ROW))
    login(request, user)
    if factor is not None:
        otp_login(request, factor)
    request.session[STARTED_AT] = now.timestamp()
    agent, address = request.headers.get("user-agent", ""), address_of(request)
    request.session[ROW] = signed_in.begin(user, agent=agent, address=address, now=now).pk
    setattr(request, BROWSER, signed_in.greet(user, _browser(request), agent=agent, address=address, now=now))
    proof.mark(request.session, now=now, by=factor.kind if factor else "")


def _browser(request: HttpRequest) -> str:
    """What the cookie of this browser says; nothing where it has none of ours."""
    age = settings.BROWSER_COOKIE_AGE
    return str(request.get_signed_cookie(settings.BROWSER_COOKIE_NAME, default="", salt=BROWSER, max_age=age))


def mark_browser(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let the browser of a sign-in be known again. The cookie says nothing but that, and opens nothing."""
    mark = getattr(request, BROWSER, "")
    if mark and isinstance(response, HttpResponse):
        response.set_signed_cookie(
            settings.BROWSER_COOKIE_NAME, mark, salt=BROWSER, max_age=settings.BROWSER_COOKIE_AGE,
            secure=settings.HTTPS, httponly=True, samesite="Lax",
        )  # fmt: skip


def is_open(request: SignedInRequest, *, now: datetime) -> bool:
    """Whether nobody ended this session meanwhile."""
    return signed_in.goes_on(request.session.get(ROW), request.user, address=address_of(request), now=now)


def close(request: HttpRequest) -> None:
    """Sign out here."""
    signed_in.close(request.session.get(ROW))
    logout(request)


def keep(request: SignedInRequest, *, proved_by: Factor | None = None) -> None:
    """Let the session that made a change go on, with a new id, where the person's others end. From now on `proved_by`
    is the factor that it has shown, where one is given. What somebody else did at the same moment ends it too."""
    after_the_change = request.user.security_epoch + 1
    request.user.refresh_from_db()
    request.user.security_epoch = after_the_change
    update_session_auth_hash(request, request.user)
    signed_in.keep(request.session.get(ROW), request.user)
    if proved_by is not None:
        otp_login(request, proved_by)


def keep_after_removal(request: SignedInRequest, *, now: datetime) -> None:
    """As `keep`. Where the factor that this session has shown is gone, it names another, or it would count as
    unproved."""
    shown = getattr(request.user, "otp_device", None)
    gone = shown is not None and not Factor.objects.filter(pk=shown.pk).exists()
    backup = is_limited(request)
    keep(request, proved_by=_another(User.objects.get(pk=request.user.pk), backup, now) if gone else None)


@transaction.atomic
def _another(user: User, backup: bool, now: datetime) -> Factor | None:
    """Of those that are left; for a session that is limited one that keeps it so."""
    left = [one for one in holdings.opening(user, now=now) if kinds.kind(one.kind).backup or not backup]
    return holdings.stored(left[0], now=now) if left else None


def is_verified(request: HttpRequest) -> bool:
    """Whether this session has shown a second factor that still exists."""
    return getattr(request.user, "otp_device", None) is not None


def is_limited(request: HttpRequest) -> bool:
    """Whether what this session has shown only stands in for a factor (a recovery code): it may set up or replace one,
    take none away, and the administration is closed to it."""
    shown = getattr(request.user, "otp_device", None)
    known = kinds.registry().get(shown.kind) if shown is not None else None
    return known is not None and known.backup


def left_alone(view: Callable[..., Response]) -> Callable[..., Response]:
    """For parts of a page that load by themselves: their answer does not write the session. Saved late, it would undo
    what the form sent at the same moment wrote; and it would keep an idle session alive."""

    @functools.wraps(view)
    def reading(request: HttpRequest, *args: object, **kwargs: object) -> Response:
        response = view(request, *args, **kwargs)
        request.session.save = _unsaved  # type: ignore[method-assign]  # the middleware saves at every request
        return response

    return reading


def _unsaved(must_create: bool = False) -> None:
    pass


def too_old(request: HttpRequest, *, now: datetime) -> bool:
    """Whether the session has reached its absolute end, however busy it was."""
    stamp = request.session.get(STARTED_AT)
    return stamp is None or now >= datetime.fromtimestamp(stamp, UTC) + settings.SESSION_ABSOLUTE_AGE
