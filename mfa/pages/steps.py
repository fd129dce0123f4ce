"""Asking for a code: the second step of signing in and the fresh proof before a change are the same page twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from mfa.kinds import Answer, Purpose
from mfa.outcomes import Refused
from mfa.pages import targets, ways
from mfa.pages.forms import CodeForm
from mfa.verification.service import Attempt, Verdict, verify

NEXT = "after_sign_in"
Done = Callable[[HttpRequest, User, Verdict, datetime], HttpResponse]


def ask(request: HttpRequest, user: User, purpose: Purpose, *, template: str, now: datetime, done: Done) -> HttpResponse:
    """Show the code form for the chosen way; judge what comes back and hand an accepted verdict to `done`."""
    offered = ways.of(user, now=now)
    way = ways.chosen(offered, request.POST.get("way") or request.GET.get("way") or "")
    if way is None:
        return redirect("dashboard")
    form = CodeForm(request.POST or None)
    form.fields["code"].label = way.kind.code_hint
    status = 200
    if form.is_valid():
        verdict = ways.judge(request, user, way, form.cleaned_data["code"], purpose, now=now)
        if verdict.accepted:
            request.session.pop(ways.CHALLENGE, None)
            return done(request, user, verdict, now)
        form.add_error("code", verdict.refused.words if verdict.refused else "")
        status = 422
    context = {
        "form": form,
        "way": way,
        "others": [other for other in offered if other is not way],
        "delivery": ways.sent(request, user, purpose) if way.kind.sends else None,
        "next_send_at": ways.next_send_at(user, now=now) if way.kind.sends else None,
        "next": targets.after(request),
        "now": now,
    }
    return render(request, template, context, status=status)


def send(request: HttpRequest, user: User, purpose: Purpose, *, page: str, now: datetime) -> HttpResponse:
    """Send a code for the chosen way, say so or say why not, and go back to the page that asks for it."""
    way = ways.chosen(ways.of(user, now=now), request.POST.get("way", ""))
    if way is None or not way.kind.sends:
        return redirect(page)
    again = ways.sent(request, user, purpose) is not None
    try:
        ways.send(request, user, way, purpose, now=now)
    except Refused as refused:
        messages.warning(request, refused.words)
    else:
        words = _("A new code is on its way. The older one no longer works.") if again else _("A code is on its way.")
        messages.success(request, words)
    return redirect(f"{reverse(page)}?{urlencode({'way': way.kind.slug, 'next': targets.after(request)})}")


def judge_any(request: HttpRequest, user: User, text: str, *, now: datetime) -> Verdict:
    """Judge a code typed beside the password: every factor that its shape fits may say yes."""
    address = request.META.get("REMOTE_ADDR", "")
    return verify(Attempt(user, Answer(text, Purpose.SIGN_IN), "portal", address), now=now)
