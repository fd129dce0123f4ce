"""The view that the verification API is measured beside."""

from __future__ import annotations

import json

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import User
from mfa.models import AuthenticationRecord


def verify(request: HttpRequest) -> HttpResponse:
    asked = json.loads(request.body)
    with transaction.atomic():
        user = User.objects.get(username=asked["username"])
        device = TOTPDevice.objects.select_for_update().get(user=user)
        accepted = bool(device.verify_token(asked["code"]))
        AuthenticationRecord.objects.create(
            user=user, username=user.username, application="bare", accepted=accepted, code=23 if accepted else 138
        )
    answer = JsonResponse({"accepted": accepted})
    # The length lets the connection live; no middleware is there to add it.
    answer["Content-Length"] = str(len(answer.content))
    return answer


urlpatterns = [path("bench/verify/", verify)]
