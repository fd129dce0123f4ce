"""Asking for an answer: the second step of signing in and the fresh proof before a change are the same page twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from mfa.applications import PORTAL
from mfa.kinds import Answer, Answers, Purpose
from mfa.outcomes import Refused
from mfa.pages import targets, ways
from mfa.pages.forms import answer_to
from mfa.pages.ways import Way
from mfa.verification.service import Verdict, verify

Done = Callable[[HttpRequest, User, Verdict, datetime], HttpResponse]


@dataclass(frozen=True, slots=True)
class Step:
    """One page that asks for a code: its purpose, template, the names of its URLs, and what follows a right code."""

    purpose: Purpose
    template: str
    page: str
    send_page: str
    done: Done
    application: str = PORTAL
    full: bool = False
    """Whether what only stands in for a factor is no answer here (see `proof.full_proof_required`)."""

    def ways(self, user: User, *, now: datetime) -> list[Way]:
        """What the person can answer with."""
        found = ways.of(user, now=now, application=self.application)
        return [way for way in found if not (self.full and way.kind.backup)]


def ask(request: HttpRequest, user: User, step: Step, *, now: datetime) -> HttpResponse:
    """Show the form of the chosen way; judge what comes back and hand an accepted verdict to `step.done`."""
    offered = step.ways(user, now=now)
    way = ways.chosen(offered, request.GET.get("way", ""))
    if way is None:
        return redirect("dashboard")
    alone = len(offered) == 1
    form = answer_to(way.kind, request.POST or None, alone=alone)
    if form.is_valid():
        code = form.cleaned_data["code"]
        verdict = ways.judge(request, user, way, code, step.purpose, now=now, application=step.application)
        if verdict.accepted:
            request.session.pop(ways.CHALLENGE, None)
            return step.done(request, user, verdict, now)
        form.add_error("code", _told(verdict.refused, alone=alone))
    context = _context(request, user, step, offered, way, now)
    return render(request, step.template, context | {"form": form}, status=422 if form.errors else 200)


def send(request: HttpRequest, user: User, step: Step, *, now: datetime) -> HttpResponse:
    """Send a code for the chosen way, say so or say why not, and go back to the page that asks for it. For a ceremony
    give the page's script what it asks the browser with."""
    way = ways.chosen(step.ways(user, now=now), request.GET.get("way", ""))
    if way is not None and way.kind.answers is Answers.CEREMONY:
        return JsonResponse(ways.begin(request, user, way, step.purpose, now=now))
    if way is None or not way.kind.sends:
        return redirect(step.page)
    again = ways.sent(request, user, step.purpose) is not None
    try:
        ways.send(request, user, way, step.purpose, now=now)
    except Refused as refused:
        messages.warning(request, _told(refused, alone=len(step.ways(user, now=now)) == 1))
    else:
        if again:
            messages.success(request, _("A new code is on its way. The older one no longer works."))
    return redirect(_url(step.page, way, request))


def judge_any(request: HttpRequest, user: User, text: str, *, now: datetime) -> Verdict:
    """Judge a code typed beside the password: every factor that its shape fits may say yes."""
    return verify(ways.attempt(request, user, Answer(text, Purpose.SIGN_IN)), now=now)


def _told(refused: Refused | None, *, alone: bool) -> str:
    if refused is None:
        return _("That code is not right.")
    return refused.words_alone if alone else refused.words


def _context(
    request: HttpRequest, user: User, step: Step, offered: list[Way], way: Way, now: datetime
) -> dict[str, Any]:
    return {
        "way": way,
        "alone": len(offered) == 1,
        "on_phone": any(one.kind.on_phone for one in offered),
        "others": [_choice(step.page, other, request) for other in offered if other is not way],
        "delivery": ways.sent(request, user, step.purpose) if way.kind.sends else None,
        "next_send_at": way.kind.next_send_at(user, now=now),
        "page_url": _url(step.page, way, request),
        "send_url": _url(step.send_page, way, request),
        "now": now,
    }


def _choice(page: str, way: Way, request: HttpRequest) -> dict[str, Any]:
    return {
        "label": way.kind.label,
        "described": way.described,
        "icon": way.kind.icon,
        "url": _url(page, way, request),
    }


def _url(page: str, way: Way, request: HttpRequest) -> str:
    return f"{reverse(page)}?{urlencode({'way': way.kind.slug, 'next': targets.after(request)})}"
