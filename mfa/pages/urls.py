from __future__ import annotations

from django.urls import path

from mfa.pages import dashboard, events, inbox, prove, sign_in, waiting

urlpatterns = [
    path("", dashboard.show, name="dashboard"),
    path("enrol/", dashboard.enrol, name="enrol"),
    path("history/", events.history, name="history"),
    path("sign-in/", sign_in.first_step, name="sign_in"),
    path("sign-in/code/", sign_in.second_step, name="second_step"),
    path("sign-in/code/send/", sign_in.send, name="second_step_send"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("prove/", prove.prove, name="prove"),
    path("prove/send/", prove.send, name="prove_send"),
    path("messages/<int:delivery_id>/", waiting.delivery_state, name="delivery_state"),
    path("inbox/", inbox.inbox, name="inbox"),
]
