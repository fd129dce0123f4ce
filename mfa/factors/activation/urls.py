from __future__ import annotations

from django.urls import path

from mfa.factors.activation import views

app_name = "activation"
urlpatterns = [path("", views.activate, name="enter")]
