"""Where gateways report what became of a message. No session and no form: the address carries a token of the message's
own, and Twilio signs besides. Whoever has neither learns nothing and changes nothing."""

from __future__ import annotations

import hmac

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from mfa.delivery import receipts
from mfa.delivery.gateways import twilio as provider
from mfa.delivery.receipts import Receipt

TAKEN, REFUSED, UNKNOWN = 204, 403, 404


@login_not_required
@require_GET
def kannel(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """`?status=` is Kannel's `%d`. It calls by GET; the token stands in the address, as in a signed link."""
    if not receipts.is_genuine(key, token):
        return HttpResponse(status=REFUSED)
    return _answer(key, Receipt("kannel", request.GET.get("status", "")))


@csrf_exempt
@login_not_required
@require_POST
def twilio(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """Twilio's status callback."""
    if not receipts.is_genuine(key, token) or not _is_signed(request, key):
        return HttpResponse(status=REFUSED)
    told = request.POST
    status, error, sid = (told.get(name, "") for name in ("MessageStatus", "ErrorCode", "MessageSid"))
    return _answer(key, Receipt("twilio", status, error, sid))


def _answer(key: str, receipt: Receipt) -> HttpResponse:
    taken = receipts.take(key, receipt, now=timezone.now())
    return HttpResponse(status=TAKEN if taken else UNKNOWN)


def _is_signed(request: HttpRequest, key: str) -> bool:
    """By the address that we gave, whatever a proxy made of it on the way."""
    token = settings.SMS_TWILIO_TOKEN
    given = request.headers.get("X-Twilio-Signature", "")
    expected = provider.signature(receipts.url(key, "twilio"), request.POST.dict(), token)
    return bool(token) and hmac.compare_digest(expected.encode(), given.encode())
