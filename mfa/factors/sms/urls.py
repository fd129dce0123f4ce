from __future__ import annotations

from django.urls import path

from mfa.factors.sms import confirm_views, link_views, views

app_name = "sms"
urlpatterns = [
    path("change/", views.change, name="change"),
    path("present/", confirm_views.present, name="present"),
    path("preview/", views.preview, name="preview"),
    path("remove/", views.remove, name="remove"),
    path("confirm/", confirm_views.confirm, name="confirm"),
    path("resend/", confirm_views.resend, name="resend"),
    path("not-mine/", views.not_mine, name="not_mine"),
    path("refuse/<slug:token>/<slug:code>/", link_views.refuse, name="refuse"),
    path("undo/<slug:token>/<slug:code>/", link_views.undo, name="undo"),
]
