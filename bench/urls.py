"""The bare page beside the portal's own."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from bench.bare import show

urlpatterns: list[URLPattern | URLResolver] = [path("bench/bare/", show), path("", include("portal.urls"))]
