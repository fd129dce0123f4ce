"""Why can't I sign in? The diagnosis of one's own account."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.requests import SignedInRequest
from mfa import diagnosis


@require_safe
def show(request: SignedInRequest) -> HttpResponse:
    found = diagnosis.of(request.user, now=timezone.now())
    return render(request, "pages/why.html", {"diagnosis": found, "events": found.lines})
