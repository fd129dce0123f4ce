from __future__ import annotations

from django.urls import path

from mfa.api.verify import api

urlpatterns = [path("", api.urls)]
