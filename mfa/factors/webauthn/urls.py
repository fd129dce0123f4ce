from __future__ import annotations

from django.urls import path

from mfa.factors.webauthn import card_views, sign_in_views, views

app_name = "webauthn"
urlpatterns = [
    path("add/", views.add, name="add"),
    path("add/options/", views.add_options, name="add_options"),
    path("sign-in/", sign_in_views.sign_in, name="sign_in"),
    path("sign-in/options/", sign_in_views.options, name="sign_in_options"),
    path("<int:pk>/rename/", card_views.rename, name="rename"),
    path("<int:pk>/remove/", card_views.remove, name="remove"),
]
