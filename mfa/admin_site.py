"""The Django admin behind a second factor and a fresh proof. It has no sign-in of its own: everybody comes through the
portal's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from mfa import proof
from mfa.desk import navigation
from mfa.pages import sessions

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NOT_OURS = frozenset({"login", "logout", "password_change", "password_change_done"})
View = Callable[..., HttpResponseBase]


class PortalAdminSite(AdminSite):
    site_header = site_title = "Portal administration"
    index_title = "Administration"
    enable_nav_sidebar = False
    empty_value_display = "–"

    def has_permission(self, request: HttpRequest) -> bool:
        """Active staff whose session has shown a second factor; a recovery code only stands in for one."""
        return super().has_permission(request) and sessions.is_verified(request) and not sessions.is_limited(request)

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]
        """Every page of the admin, also of packages that bring their own: nothing changes without a fresh proof."""
        inner = super().admin_view(view, cacheable)

        @functools.wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect(f"{reverse('sign_in')}?{urlencode({'next': request.get_full_path()})}")
            if sessions.is_limited(request):
                return redirect(f"{reverse('prove_alone')}?{urlencode({'next': request.get_full_path()})}")
            if not self.has_permission(request):
                raise PermissionDenied
            if any("\0" in value for values in request.GET.lists() for value in (values[0], *values[1])):
                raise BadRequest("NUL in the address")  # PostgreSQL has no such text
            if request.method not in SAFE and not proof.is_full(request.session, now=timezone.now()):
                return _ask_first(request)
            return inner(request, *args, **kwargs)

        return guarded

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """With the navigation: what the role may see, in the order of how often it is wanted."""
        return super().each_context(request) | {"admin_nav": navigation.of(request)}

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Django's own pages but for those that the portal has itself."""
        return [url for url in super().get_urls() if getattr(url, "name", None) not in NOT_OURS]

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Not reachable; kept closed in case some package calls it."""
        raise PermissionDenied


def _ask_first(request: HttpRequest) -> HttpResponse:
    """To the proof page, and from there back to the page whose button was pressed."""
    messages.info(request, _("Nothing was changed yet. Confirm that it is you, then do it again."))
    came_from = urlsplit(request.headers.get("referer", ""))
    target = (
        f"{came_from.path}?{came_from.query}" if came_from.netloc == request.get_host() else request.get_full_path()
    )
    return redirect(f"{reverse('prove_alone')}?{urlencode({'next': target})}")
