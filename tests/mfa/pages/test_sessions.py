"""A session that made a change goes on; one that somebody else ended meanwhile does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import cast

import pytest
from django.contrib.auth import get_user
from django.test import Client, RequestFactory

from accounts.models import User
from accounts.requests import SignedInRequest
from mfa import enrolment, holdings
from mfa.models import Factor
from mfa.pages import sessions
from tests.mfa.doors import add_factor


def request_of(client: Client, user: User) -> SignedInRequest:
    """A request in the client's session, as a view has it in hand."""
    request = cast(SignedInRequest, RequestFactory().post("/"))
    request.session, request.user = client.session, User.objects.get(pk=user.pk)
    return request


def test_the_session_that_made_a_change_goes_on(alice: User, now: datetime, signed_in: Callable[..., Client]) -> None:
    client = signed_in(alice, add_factor(alice))
    request = request_of(client, alice)
    enrolment.remove(add_factor(alice, name="Old phone"), actor=alice, now=now)
    sessions.keep(request)
    assert get_user(request) == alice


@pytest.mark.row("T-60b")
def test_a_reset_at_the_same_moment_ends_it(alice: User, now: datetime, signed_in: Callable[..., Client]) -> None:
    client = signed_in(alice, add_factor(alice))
    request = request_of(client, alice)
    enrolment.remove(add_factor(alice, name="Old phone"), actor=alice, now=now)
    enrolment.reset(alice, actor=None, reason="stolen", now=now)
    sessions.keep(request)
    assert not get_user(request).is_authenticated


@pytest.mark.row("T-22c")
def test_a_number_that_was_removed_leaves_no_factor_behind(
    make_user: Callable[..., User], signed_in: Callable[..., Client]
) -> None:
    user = make_user("alice", phone="+491701234567", phone_source="directory")
    factor = add_factor(user, kind="sms", key=holdings.single_key(user))
    client = signed_in(user, factor)
    assert client.post("/sms/remove/", secure=True).status_code == 302
    assert not Factor.objects.exists()
    assert client.get("/", secure=True).status_code == 200
