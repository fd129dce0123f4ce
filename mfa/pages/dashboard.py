"""The first page: what protects me, what is missing, one clear next step."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import SignedInRequest
from mfa import configured, holdings, kinds, known, policy, preferences
from mfa.models import Factor
from mfa.notes import CardAction, Note
from mfa.pages import cards, duty, events, sessions, standing
from mfa.pages.gate import open_before_enrolment


@require_safe
def show(request: SignedInRequest) -> HttpResponse:
    with configured.held():
        return _show(request, timezone.now())


def _show(request: SignedInRequest, now: datetime) -> HttpResponse:
    user = request.user
    found = known.of(user, now=now)
    factors, asked = found.usable, found.asked
    due = duty.notes(asked.standing(holdings.worth(factors)), now=now)
    of_kinds = (note for kind in kinds.registry().values() for note in kind.notes(user, found.rows, now=now))
    context = {
        "notes": [*_limited(request, factors), *due, *of_kinds],
        "standing": standing.of(found, now=now, step_is_told=bool(due)),
        "cards": [*cards.of(found), *cards.at_rest(found)],
        "missing": [kind for kind in cards.missing(user, factors) if kind.backup or asked.allows(kind.slug)],
        "has_phone": any(kinds.kind(factor.kind).on_phone for factor in factors),
        "events": events.latest(user),
    }
    return render(request, "pages/dashboard.html", context)


def _limited(request: SignedInRequest, factors: list[Factor]) -> list[Note]:
    """What is open to whoever came in by a recovery code, and how the rest opens; a button only to what can be done."""
    if not sessions.is_limited(request):
        return []
    text = _(
        "With it you can set up a factor, or move one to a new phone. To remove one, or to enter the administration, "
        "confirm with a factor."
    )
    able = any(kinds.kind(factor.kind).alone for factor in factors)
    actions = (CardAction(_("Confirm with a factor"), reverse("prove_alone")),) if able else ()
    return [Note("info", _("You are signed in with a recovery code."), text, actions)]


@open_before_enrolment
@require_safe
def enrol(request: SignedInRequest) -> HttpResponse:
    """Guided set-up of what is missing: the kinds to choose from, the best one first."""
    now = timezone.now()
    have, asked = holdings.opening(request.user, now=now), policy.of(request.user, now=now)
    standing = asked.standing(holdings.worth(have))
    if have and standing.complete:
        return redirect("dashboard")
    missing = standing.missing or standing.in_all
    context = {"choices": duty.choices(request.user, asked, missing), "closed": standing.closed}
    return render(request, "pages/enrol.html", context | {"missing": duty.words(missing) if have else ""})


@require_safe
def set_up_done(request: SignedInRequest) -> HttpResponse:
    """The end of the first set-up: what protects now, and the try of what the VPN will ask."""
    now = timezone.now()
    found = known.of(request.user, now=now)
    return render(request, "pages/set_up_done.html", {"standing": standing.of(found, now=now)})


@require_http_methods(["POST"])
def rest_advice(request: SignedInRequest) -> HttpResponse:
    """Not now: the advice comes back in some weeks. It changes nothing that protects the account."""
    preferences.rest_advice(request.user, now=timezone.now())
    return redirect("dashboard")
