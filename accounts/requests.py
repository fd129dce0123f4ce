"""The type of a request that passed the gate: somebody is signed in."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User


class SignedInRequest(HttpRequest):
    """What views behind the gate are given."""

    user: User
