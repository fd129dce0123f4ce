"""How a message that this session asked for fares, as a fragment that the waiting page keeps up to date."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from mfa.delivery import watch
from mfa.models import Delivery
from mfa.pages import sessions, ways


@login_not_required
@sessions.left_alone
@require_safe
def delivery_state(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Open on the way in too: the session must have asked for the message itself."""
    in_sign_in = request.session.get(ways.CHALLENGE, {}).get("delivery") == delivery_id
    if not in_sign_in and not watch.is_own(request.session, delivery_id):
        raise Http404
    delivery = Delivery.objects.filter(pk=delivery_id).first()
    if delivery is None:
        raise Http404
    context = {"delivery": delivery, "now": timezone.now(), "alone": "alone" in request.GET}
    return render(request, "pages/waiting.html", context)
