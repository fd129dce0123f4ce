"""Typing a new number, and giving the present one up."""

from __future__ import annotations

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import whose
from accounts.models import User
from accounts.phones import mask
from accounts.requests import SignedInRequest
from mfa import enrolment, holdings, kinds
from mfa.delivery import watch
from mfa.factors.sms import flows, notes, resting
from mfa.factors.sms.factor import KIND
from mfa.factors.sms.forms import PhoneForm, filled_in
from mfa.factors.sms.refusals import NothingToConfirm
from mfa.notes import CardAction
from mfa.outcomes import Refused
from mfa.pages import own, sessions
from mfa.pages.gate import open_before_enrolment
from mfa.proof import fresh_proof_required, full_proof_required

CHANGE = "phone_change"
PREVIEWS_PER_MINUTE = 60


@open_before_enrolment
@fresh_proof_required
@sensitive_post_parameters("number")
@require_http_methods(["GET", "POST"])
def change(request: SignedInRequest) -> HttpResponse:
    user = request.user
    if whose.directory_decides(user) and not user.phone_next:
        return _left_to_directory(request)
    form = PhoneForm(request.POST or None, initial=filled_in(user, request.GET.get("number", "")))
    if form.is_valid() and form.phone:
        e164 = form.phone.e164
        if on_its_way(request, e164) or begun(request, form, e164):
            return redirect("sms:confirm")
    context = {
        "form": form,
        "stronger": _stronger(user),
        "masked": mask(user.phone),
        "waits": flows.waits(user),
        "notes": notes.everything(user, now=timezone.now()),
    }
    return render(request, "sms/change.html", context, status=422 if form.errors else 200)


@open_before_enrolment
@fresh_proof_required
@sessions.left_alone
@sensitive_post_parameters("number")
@require_POST
def preview(request: SignedInRequest) -> HttpResponse:
    """How a number is understood, or why it is not; for the page while somebody types."""
    if _too_many_previews(request):
        return HttpResponse(status=429)
    form = PhoneForm(request.POST)
    form.is_valid()
    return render(request, "sms/preview.html", {"form": form})


@full_proof_required
@require_http_methods(["GET", "POST"])
def remove(request: SignedInRequest) -> HttpResponse:
    user = request.user
    if whose.directory_decides(user):
        return _left_to_directory(request)
    if not user.phone:
        return redirect("dashboard")
    told = own.loss(user, flows.of(user), now=timezone.now())
    if request.method == "POST" and not told["kept"]:
        return _removed(request)
    told |= {"masked": mask(user.phone), "in_directory": bool(user.directory_phone)}
    return render(request, "sms/remove.html", told, status=409 if request.method == "POST" else 200)


@fresh_proof_required
@require_http_methods(["GET", "POST"])
def not_mine(request: SignedInRequest) -> HttpResponse:
    """Refuse the number that the directory has and that rests; by a link in the notice too, see link_views."""
    user = request.user
    if not user.resting_phone:
        return redirect("dashboard")
    if request.method == "GET":
        return render(request, "sms/refuse.html", notes.to_refuse(user))
    if resting.refuse(user, actor=user, now=timezone.now()):
        messages.success(request, _("The directory's number is refused. Codes keep going to your own."))
    return redirect("sms:change")


def on_its_way(request: SignedInRequest, e164: str) -> bool:
    """Whether this session was sent a code to that number which still counts: the form came twice, or the answer to the
    first was lost. Nothing more is sent then."""
    try:
        row = flows.pending(request.user, request.session.get(CHANGE, {}).get("token", ""))
    except NothingToConfirm:
        return False
    return row.target == e164 and not row.ending and row.expires_at > timezone.now()


def begun(request: SignedInRequest, form: PhoneForm | None, e164: str) -> bool:
    """Send the code and remember which; where that is refused, say so at the field or on top of the page."""
    try:
        started = flows.start(request.user, e164, actor=request.user, now=timezone.now())
    except Refused as refused:
        if form is None:
            messages.warning(request, refused.words)
        else:
            form.add_error("number", refused.words)
        return False
    request.session[CHANGE] = {"token": started.token, "delivery": started.delivery.pk, "shared": started.shared}
    watch.remember(request.session, started.delivery)
    return True


def _left_to_directory(request: SignedInRequest) -> HttpResponse:
    """Nothing to change here; whom to ask instead."""
    user = request.user
    told = {
        "masked": mask(user.phone),
        "waits": flows.waits(user),
        "notes": notes.everything(user, now=timezone.now()),
        "ask": notes.ask(),
    }
    return render(request, "sms/directory_decides.html", told, status=403 if request.method == "POST" else 200)


def _removed(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    try:
        flows.remove(request.user, actor=request.user, now=now)
    except enrolment.LastFactor:  # another tab removed the other one meanwhile
        messages.warning(request, _("Nothing was removed: your organisation asks for what you would no longer have."))
        return redirect("dashboard")
    request.session.pop(CHANGE, None)
    sessions.keep_after_removal(request, now=now)
    messages.success(request, _("Your phone number is removed. No more codes are sent by SMS."))
    return redirect("dashboard")


def _stronger(user: User) -> CardAction | None:
    """The strongest kind to add instead of SMS, a restricted factor; None for whoever has a stronger one."""
    if any(kinds.kind(factor.kind).rank < KIND.rank for factor in holdings.usable(user, now=timezone.now())):
        return None
    better = [kind for kind in kinds.registry().values() if kind.rank < KIND.rank and kind.alone and kind.add_url()]
    best = min(better, key=lambda kind: kind.rank, default=None)
    return CardAction(best.label, best.add_url() or "") if best else None


def _too_many_previews(request: SignedInRequest) -> bool:
    """Counted in the cache: nothing but load depends on it, and a preview must not write the session."""
    minute = int(timezone.now().timestamp() // 60)
    subject = f"previews:{request.user.pk}:{request.session.get(sessions.STARTED_AT)}:{minute}"
    cache.add(subject, 0, 120)
    try:
        return cache.incr(subject) > PREVIEWS_PER_MINUTE
    except ValueError:
        return False  # forgotten meanwhile, by a cache that is full or away
