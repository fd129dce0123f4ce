"""Two-factor sign-in becomes required: the person is led to enrol, and nowhere else."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from mfa import policy
from tests.stories import acting
from tests.stories.authenticator import scan
from tests.stories.noon import clock

__all__ = ["clock"]


@pytest.fixture
def required(alice: User) -> User:
    policy.require(alice, True, actor=None, reason="everybody must")
    return alice


def test_after_the_password_every_page_leads_to_enrolment(client: Client, required: User) -> None:
    acting.give_password(client, "alice")
    for path in ("/", "/history/", "/recovery/"):
        assert client.get(path, secure=True).headers["Location"] == "/enrol/", path
    page = client.get("/enrol/", secure=True)
    assert page.status_code == 200
    assert b"/totp/add/" in page.content


def test_once_enrolled_the_portal_opens_and_the_next_sign_in_asks_for_the_code(client: Client, required: User) -> None:
    acting.give_password(client, "alice")
    client.post("/totp/add/", {"name": "Phone"}, secure=True)
    phone = scan(client.get("/totp/scan/", secure=True))
    client.post("/totp/scan/", {"code": phone.code(steps=-1)}, secure=True)
    assert client.get("/", secure=True).status_code == 200
    client.post("/sign-out/", secure=True)
    assert acting.give_password(client, "alice").headers["Location"].startswith("/sign-in/code/")
    acting.give_code(client, phone.code())
    assert client.get("/", secure=True).status_code == 200


@pytest.mark.row("T-22c")
def test_the_last_factor_cannot_be_removed_and_the_page_says_the_way_out(client: Client, required: User) -> None:
    person = acting.with_app(client, required)
    factor = person.user.factors.get()
    page = client.post(f"/totp/{factor.pk}/remove/", secure=True)
    assert person.user.factors.filter(pk=factor.pk).exists()
    assert page.status_code in (200, 302, 409, 422)
    assert b"another" in client.get(f"/totp/{factor.pk}/remove/", secure=True).content


@pytest.mark.row("T-22c")
def test_recovery_codes_are_never_left_as_the_only_factor(client: Client, alice: User) -> None:
    person = acting.with_app(client, alice)
    client.post("/recovery/", secure=True)
    shown = client.get("/recovery/codes/", secure=True).content.decode()
    code = next(iter(acting.recovery_codes(shown)))
    client.post("/recovery/codes/", {"code": code}, secure=True)
    assert {factor.kind for factor in alice.factors.all()} == {"totp", "recovery"}
    client.post(f"/totp/{person.user.factors.get(kind='totp').pk}/remove/", secure=True)
    assert not alice.factors.exists()


def test_who_must_enrol_first_sees_no_way_that_leads_back(client: Client, required: User) -> None:
    acting.give_password(client, "alice")
    page = client.get("/enrol/", secure=True).content
    assert b"/history/" not in page
    assert b"/sign-out/" in page
