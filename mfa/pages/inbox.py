"""For development alone: the SMS and mails that "left", to be read in the browser."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mfa import crypto
from mfa.delivery import outbox
from mfa.models import Delivery

PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class Letter:
    """A message with its text; empty where that is not kept or cannot be decrypted."""

    delivery: Delivery
    text: str


@login_not_required
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    if not settings.DEBUG or not is_in_use():
        raise Http404
    page = Paginator(Delivery.objects.order_by("-created_at", "-pk"), PER_PAGE).get_page(request.GET.get("page"))
    letters = [Letter(delivery, _text(delivery)) for delivery in page.object_list]
    return render(request, "pages/inbox.html", {"page_obj": page, "letters": letters})


def is_in_use() -> bool:
    """Whether anything that leaves can be read there."""
    return "inbox" in settings.SMS_GATEWAYS or settings.EMAIL_URL.startswith("inbox:")


def _text(delivery: Delivery) -> str:
    try:
        return outbox.read(delivery)
    except crypto.Undecryptable:
        return ""
