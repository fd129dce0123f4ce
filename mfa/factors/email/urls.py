from __future__ import annotations

from django.urls import path

from mfa.factors.email import code_views, views

app_name = "email"
urlpatterns = [
    path("", views.set_up, name="set_up"),
    path("confirm/", code_views.confirm, name="confirm"),
    path("confirm/resend/", code_views.resend, name="resend"),
    path("remove/", views.remove, name="remove"),
]
