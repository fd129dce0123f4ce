"""Whoever has one way alone reads of no other where a message does not come."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import PhoneSource, User
from mfa.models import Delivery
from tests.mfa.doors import add_factor
from tests.stories import acting


@pytest.fixture
def waiting(client: Client, alice: User) -> Client:
    """At the second step, with a code by SMS on its way."""
    number = {"phone": "+491701234567", "phone_source": PhoneSource.DIRECTORY}
    User.objects.filter(pk=alice.pk).update(**number)
    acting.give_password(client, "alice")
    client.post("/sign-in/code/send/?way=sms", secure=True)
    return client


def page(client: Client, path: str) -> str:
    return client.get(path, secure=True).content.decode()


def test_a_message_that_did_not_come_names_helpdesk_and_so_does_the_part_that_is_loaded_anew(
    waiting: Client, alice: User
) -> None:
    sent = Delivery.objects.get()
    part = f"/messages/{sent.pk}/?alone=1"
    assert f'data-poll-url="{part}"' in page(waiting, "/sign-in/code/")
    Delivery.objects.update(state=Delivery.State.FAILED, created_at=timezone.now() - timedelta(minutes=1))
    for seen in (page(waiting, "/sign-in/code/"), page(waiting, part)):
        assert "Ask for a new one, or ask helpdesk." in seen
        assert "another way" not in seen
    add_factor(alice)
    seen = page(waiting, "/sign-in/code/?way=sms")
    assert f'data-poll-url="/messages/{sent.pk}/"' in seen
    assert "Ask for a new one, or use another way." in seen
