from __future__ import annotations

from django.urls import path

from mfa.factors.motp import card_views, views

app_name = "motp"
urlpatterns = [
    path("add/", views.add, name="add"),
    path("confirm/", views.confirm, name="confirm"),
    path("<int:pk>/renew/", card_views.renew, name="renew"),
    path("<int:pk>/pin/", card_views.pin, name="pin"),
    path("<int:pk>/clock/", card_views.clock, name="clock"),
    path("<int:pk>/rename/", card_views.rename, name="rename"),
    path("<int:pk>/remove/", card_views.remove, name="remove"),
]
