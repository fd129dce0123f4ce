"""Where to go next: a path of this portal and nothing else."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme


def after(request: HttpRequest) -> str:
    """The page that `next` names if it is one of the portal's own, else the dashboard."""
    return safe(request.POST.get("next") or request.GET.get("next") or "")


def safe(target: str) -> str:
    """`target` if it is a path that the portal serves, of at most 500 characters; else the dashboard's."""
    own = target.startswith("/") and len(target) <= 500 and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    if not own or any(ord(char) < 33 or char == "\\" for char in target):
        return reverse("dashboard")
    try:
        resolve(target.partition("?")[0].partition("#")[0])
    except Resolver404:
        return reverse("dashboard")
    return target
