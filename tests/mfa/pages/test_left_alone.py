"""Parts of pages that load by themselves do not write the session, so they cannot undo what a form wrote meanwhile."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import User
from tests.stories import acting


def test_preview_of_a_number_leaves_the_session_as_it_is(client: Client, alice: User) -> None:
    acting.with_app(client, alice)
    before = Session.objects.values_list("session_key", "session_data", "expire_date").get()
    typed = {"country": "DE", "number": "0151 23456789"}
    assert b"Understood as" in client.post("/sms/preview/", typed, secure=True).content
    assert Session.objects.values_list("session_key", "session_data", "expire_date").get() == before
