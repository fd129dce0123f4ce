from __future__ import annotations

from django.urls import path

from mfa.factors.token import views

app_name = "token"
urlpatterns = [
    path("add/", views.add, name="add"),
    path("<int:pk>/adjust/", views.adjust, name="adjust"),
    path("<int:pk>/rename/", views.rename, name="rename"),
    path("<int:pk>/remove/", views.remove, name="remove"),
]
