from __future__ import annotations

from django.urls import path

from mfa.factors.recovery import views

app_name = "recovery"
urlpatterns = [
    path("", views.start, name="start"),
    path("codes/", views.show, name="codes"),
    path("codes/recovery-codes.txt", views.download, name="download"),
    path("remove/", views.remove, name="remove"),
]
