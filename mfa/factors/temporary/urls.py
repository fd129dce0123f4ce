from __future__ import annotations

from django.urls import URLPattern

app_name = "temporary"
urlpatterns: list[URLPattern] = []
"""The person has no page for it: helpdesk gives it and takes it back."""
