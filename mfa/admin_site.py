"""The Django admin behind a second factor. It has no sign-in of its own: everybody comes through the portal's."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode


class PortalAdminSite(AdminSite):
    site_header = site_title = "Portal administration"
    index_title = "Administration"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """Active staff whose session has shown a second factor."""
        return super().has_permission(request) and getattr(request.user, "otp_device", None) is not None

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        return redirect(f"{reverse('sign_in')}?{urlencode({'next': request.GET.get('next', '')})}")
