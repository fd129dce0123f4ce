"""The map. Each factor kind brings its own pages under its slug."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from portal import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("mfa.api.urls")),  # first: it is asked most
    path("", include("mfa.pages.urls")),
    *(path(f"{slug}/", include(f"mfa.factors.{slug}.urls")) for slug in settings.MFA_FACTORS),
    path("admin/", admin.site.urls),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("health/jobs", health.jobs, name="jobs"),
    path("metrics", health.figures, name="metrics"),
]

handler400 = "portal.unreadable.page"
