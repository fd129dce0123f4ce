"""The pages behind the links in notices. Opening one changes nothing, so that a mail scanner that follows links does
not either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.phones import mask
from mfa.factors.sms import links, notes, resting, undo as way_back
from mfa.factors.sms.refusals import NumberTaken
from mfa.kinds import Purpose
from mfa.models import OneTimeCode
from mfa.outcomes import Refused

Ending = OneTimeCode.Ending


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for: `over` says why it no longer works (None while it does), `asked` is the page with its button,
    `take` the act, `done` the page afterwards."""

    purpose: Purpose
    over: Callable[[OneTimeCode, datetime], str | None]
    asked: Callable[[HttpRequest, OneTimeCode], HttpResponse]
    take: Callable[..., User]
    done: Callable[[HttpRequest, User], HttpResponse]


@login_not_required
@sensitive_variables("token", "code")
@require_http_methods(["GET", "POST"])
def refuse(request: HttpRequest, token: str, code: str) -> HttpResponse:
    """Refuse the number that the directory has and that rests."""
    return _page(request, token, code, REFUSE)


@login_not_required
@sensitive_variables("token", "code")
@require_http_methods(["GET", "POST"])
def undo(request: HttpRequest, token: str, code: str) -> HttpResponse:
    """Put the number back that was there before a change."""
    return _page(request, token, code, UNDO)


@sensitive_variables("token", "code")
def _page(request: HttpRequest, token: str, code: str, link: Link) -> HttpResponse:
    now = timezone.now()
    try:
        row = links.offered(token, link.purpose)
        words = link.over(row, now)
        if words is None and request.method == "POST":
            return link.done(request, link.take(row.token, code, now=now))
    except NumberTaken as refused:
        words = refused.words
    except Refused:
        words = _("This link is not complete or not valid. Copy it from the message again, or ask helpdesk.")
    if words is not None:
        return render(request, "sms/link_over.html", {"words": words}, status=410)
    return link.asked(request, row)


def _refuse_over(row: OneTimeCode, now: datetime) -> str | None:
    if row.ending == Ending.SPENT:
        return _("This link was used already; the number was refused. If you did not use it, ask helpdesk.")
    if row.user.resting_phone != row.target:
        return _("This number no longer waits. If codes go to a number that is not yours, ask helpdesk now.")
    if row.ending or row.expires_at <= now:
        return _("This link has expired. If codes go to a number that is not yours, ask helpdesk now.")
    return None


def _refuse_asked(request: HttpRequest, row: OneTimeCode) -> HttpResponse:
    return render(request, "sms/refuse.html", notes.to_refuse(row.user))


def _refused(request: HttpRequest, user: User) -> HttpResponse:
    return render(request, "sms/refused.html", {"masked": mask(user.phone), "ask": notes.ask()})


def _undo_over(row: OneTimeCode, now: datetime) -> str | None:
    if row.ending == Ending.SPENT:
        return _("This link was used already; the number is back as it was. If you did not use it, ask helpdesk.")
    if row.ending == Ending.REPLACED:
        return _("The number was changed again. Use the link in the newest message; it puts back the same number.")
    if row.ending or row.expires_at <= now:
        return _("This link has expired. Ask helpdesk to put your number back.")
    return None


def _undo_asked(request: HttpRequest, row: OneTimeCode) -> HttpResponse:
    old = way_back.Number.packed(row.target).e164
    waiting = way_back.forgotten_with(row.user, old)
    shown = {"old": mask(old), "until": row.expires_at, "waiting": mask(waiting), "counts_at": row.user.phone_next_at}
    return render(request, "sms/undo.html", shown)


def _undone(request: HttpRequest, user: User) -> HttpResponse:
    if request.user.pk == user.pk:
        logout(request)
    return render(request, "sms/undone.html", {"masked": mask(user.phone)})


REFUSE = Link(Purpose.REFUSE_PHONE, _refuse_over, _refuse_asked, resting.take, _refused)
UNDO = Link(Purpose.UNDO_PHONE, _undo_over, _undo_asked, way_back.take, _undone)
