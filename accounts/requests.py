"""What every view may ask of a request: who is signed in, and where it came from."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User


class SignedInRequest(HttpRequest):
    """What views behind the gate are given."""

    user: User


def address_of(request: HttpRequest) -> str:
    """The client's address as `portal.middleware` established it."""
    return str(request.META.get("REMOTE_ADDR", ""))
