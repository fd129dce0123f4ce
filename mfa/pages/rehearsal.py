"""Try what the VPN will ask: the same questions in the same words, judged for that application, and nothing opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import SignedInRequest, address_of
from mfa import kinds, known
from mfa.delivery import watch
from mfa.kinds import Answer, Purpose
from mfa.models import Delivery, Factor
from mfa.outcomes import Refused
from mfa.pages import doors
from mfa.pages.doors import Door
from mfa.pages.forms import CodeForm
from mfa.verification import prompts, service
from mfa.verification.service import Attempt, Verdict

TALK = "rehearsal"
DONE = "rehearsed"


@dataclass(frozen=True, slots=True)
class Question:
    """What the application asks now: the factor, the words, and the code that was sent for it, if any."""

    factor: Factor
    words: str
    token: str = ""
    delivery: Delivery | None = None


@require_safe
def choose(request: SignedInRequest) -> HttpResponse:
    found = _doors(request, timezone.now())
    ready = [door for door in found if door.ready]
    if len(found) == 1 and ready:
        return redirect(_url(found[0]))
    choices = [{"door": door, "url": _url(door)} for door in found]
    later = any(door.opens_at for door in found)
    context = {"choices": choices, "any_ready": bool(ready), "any_later": later}
    return render(request, "pages/rehearsal_choose.html", context)


@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def talk(request: SignedInRequest) -> HttpResponse:
    """One exchange: connecting asks the first question, a word asks for another factor, a code is judged."""
    now = timezone.now()
    at = request.GET.get("at", "")
    door = next((one for one in _doors(request, now) if one.slug == at and one.ready), None)
    if door is None:
        return redirect("rehearsal")
    if request.method == "POST" and "connect" in request.POST:
        return _ask(request, door, door.asks[0], now)
    question = _question(request, door)
    if request.method == "POST" and question is not None:
        return _answered(request, door, question, now)
    return _page(request, door, question, _form(question, None), now)


@require_safe
def ready(request: SignedInRequest) -> HttpResponse:
    """The end, shown once."""
    done = request.session.pop(DONE, None)
    return render(request, "pages/rehearsal_ready.html", {"done": done}) if done else redirect("rehearsal")


def _doors(request: SignedInRequest, now: datetime) -> list[Door]:
    return doors.of(known.of(request.user, now=now))


def _answered(request: SignedInRequest, door: Door, question: Question, now: datetime) -> HttpResponse:
    form = _form(question, request.POST)
    typed = request.POST.get("code", "")
    wanted = prompts.chosen(typed)
    if wanted is not None or typed.strip() == prompts.HELP:
        slug = wanted.slug if wanted else question.factor.kind
        return _ask(request, door, next((one for one in door.asks if one.kind == slug), door.asks[0]), now)
    if not form.is_valid():
        return _page(request, door, question, form, now)
    verdict = _judge(request, door, question, form.cleaned_data["code"], now)
    if not verdict.accepted:
        form.add_error("code", verdict.refused.words if verdict.refused else prompts.refused())
        return _page(request, door, question, form, now)
    request.session.pop(TALK, None)
    request.session[DONE] = {"name": door.name, "label": str(kinds.kind(verdict.kind).label)}
    return redirect("rehearsal_ready")


def _judge(request: SignedInRequest, door: Door, question: Question, code: str, now: datetime) -> Verdict:
    """As the application has it judged, but for a test: nothing is remembered, nothing opens."""
    sends = kinds.kind(question.factor.kind).sends
    answer = Answer(code, Purpose.TEST, question.token)
    kind = question.factor.kind if sends else ""
    return service.verify(Attempt(request.user, answer, door.slug, address_of(request), kind), now=now)


def _ask(request: SignedInRequest, door: Door, factor: Factor, now: datetime) -> HttpResponse:
    """The question for this factor, with a code on its way where it sends one."""
    talk: dict[str, Any] = {"at": door.slug, "kind": factor.kind}
    if kinds.kind(factor.kind).sends:
        try:
            challenge = service.challenge(factor, purpose=Purpose.TEST, now=now)
        except Refused as refused:
            messages.warning(request, refused.words)
            return redirect(_url(door))
        watch.remember(request.session, challenge.delivery)
        talk |= {"token": challenge.token, "delivery": challenge.delivery.pk}
    request.session[TALK] = talk
    return redirect(_url(door))


def _question(request: SignedInRequest, door: Door) -> Question | None:
    """What was asked last in this session at this door; None before anything was, or where the factor is gone."""
    kept = request.session.get(TALK, {})
    factor = next((one for one in door.asks if one.kind == kept.get("kind")), None)
    if kept.get("at") != door.slug or factor is None:
        return None
    others = list(dict.fromkeys(kinds.kind(one.kind) for one in door.asks if one.kind != factor.kind))
    delivery = Delivery.objects.filter(pk=kept.get("delivery"), user=request.user).first()
    return Question(factor, prompts.ask(factor, others), kept.get("token", ""), delivery)


def _page(
    request: SignedInRequest, door: Door, question: Question | None, form: CodeForm, now: datetime
) -> HttpResponse:
    mends = _mends(door, question) if form.errors and question else []
    context = {"door": door, "question": question, "form": form, "page_url": _url(door), "mends": mends, "now": now}
    return render(request, "pages/rehearsal.html", context, status=422 if form.errors else 200)


def _form(question: Question | None, typed: Any) -> CodeForm:
    """One field under the question's own words."""
    form = CodeForm(typed)
    form.fields["code"].label = question.words if question else ""
    return form


def _mends(door: Door, question: Question) -> list[Any]:
    kind = kinds.kind(question.factor.kind)
    return [action for one in door.asks if one.kind == kind.slug for action in kind.mends(one)]


def _url(door: Door) -> str:
    return f"{reverse('rehearsal_talk')}?{urlencode({'at': door.slug})}"
