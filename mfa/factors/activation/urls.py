from __future__ import annotations

from django.urls import path

from mfa.factors.activation import password_views, views

app_name = "activation"
urlpatterns = [
    path("", views.activate, name="enter"),
    path("password/", password_views.set_first, name="first_password"),
]
