from __future__ import annotations

from django.urls import path

from mfa.pages import (
    dashboard,
    events,
    inbox,
    lost_phone,
    places,
    preferred,
    prove,
    rehearsal,
    sign_in,
    tryout,
    waiting,
    why,
)

urlpatterns = [
    path("", dashboard.show, name="dashboard"),
    path("advice/rest/", dashboard.rest_advice, name="rest_advice"),
    path("enrol/", dashboard.enrol, name="enrol"),
    path("history/", events.history, name="history"),
    path("why/", why.show, name="why"),
    path("sign-in/", sign_in.first_step, name="sign_in"),
    path("sign-in/code/", sign_in.second_step, name="second_step"),
    path("sign-in/code/send/", sign_in.send, name="second_step_send"),
    path("sign-in/lost-phone/", lost_phone.report_on_the_way_in, name="lost_phone_on_the_way_in"),
    path("sign-in/lost-phone/next/", lost_phone.what_next_on_the_way_in, name="lost_phone_on_the_way_in_next"),
    path("lost-phone/", lost_phone.report, name="lost_phone"),
    path("lost-phone/next/", lost_phone.what_next, name="lost_phone_next"),
    path("sessions/", places.show, name="sessions"),
    path("sessions/all/end/", places.end_all, name="end_all_sessions"),
    path("sessions/remembered/forget/", places.forget, name="forget_remembered"),
    path("sessions/<slug:token>/end/", places.end, name="end_session"),
    path("resume/<int:pk>/", lost_phone.resume, name="resume"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("prove/", prove.prove, name="prove"),
    path("prove/send/", prove.send, name="prove_send"),
    path("test/", tryout.test, name="test"),
    path("test/send/", tryout.send, name="test_send"),
    path("rehearsal/", rehearsal.choose, name="rehearsal"),
    path("rehearsal/talk/", rehearsal.talk, name="rehearsal_talk"),
    path("rehearsal/ready/", rehearsal.ready, name="rehearsal_ready"),
    path("preferred/", preferred.choose, name="preferred"),
    path("messages/<int:delivery_id>/", waiting.delivery_state, name="delivery_state"),
    path("inbox/", inbox.inbox, name="inbox"),
]
