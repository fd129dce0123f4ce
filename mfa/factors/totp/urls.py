from __future__ import annotations

from django.urls import path

from mfa.factors.totp import card_views, views

app_name = "totp"
urlpatterns = [
    path("add/", views.add, name="add"),
    path("scan/", views.scan, name="scan"),
    path("<int:pk>/move/", views.move, name="move"),
    path("<int:pk>/clock/", card_views.clock, name="clock"),
    path("<int:pk>/rename/", card_views.rename, name="rename"),
    path("<int:pk>/remove/", card_views.remove, name="remove"),
]
