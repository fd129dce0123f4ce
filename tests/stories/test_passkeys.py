"""A person and their passkeys, from the first one to the day on which the phone is gone."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import activation, enrolment
from mfa.models import AuditEvent, Delivery, Factor
from tests.stories import acting, passkeys
from tests.stories.soft_key import SoftKey, synced_key


def browser() -> Client:
    return Client(headers={"host": "portal.test"})


def get(client: Client, path: str) -> str:
    return html.unescape(client.get(path, secure=True, follow=True).content.decode())


def post(client: Client, path: str, **typed: str) -> Any:
    return client.post(path, typed, secure=True)


def test_from_the_first_passkey_to_a_lost_phone(client: Client, alice: User) -> None:
    acting.give_password(client, "alice")
    assert "/webauthn/add/" in get(client, "/")

    phone, ring = synced_key(), SoftKey()
    assert passkeys.add(client, phone).headers["Location"] == "/recovery/"
    assert "“YubiKey 5 NFC” is set up." in get(client, "/")
    passkeys.add(client, ring)
    on_phone, on_ring = Factor.objects.order_by("pk")
    post(client, f"/webauthn/{on_phone.pk}/rename/", name="My phone")
    post(client, f"/webauthn/{on_ring.pk}/rename/", name="Key ring")
    assert "My phone" in get(client, "/")
    assert passkeys.answer_at(client, passkeys.TEST, ring).status_code == 302
    assert "Right: “Key ring” works." in get(client, "/")

    post(client, "/sign-out/")
    assert passkeys.answer_at(client, passkeys.ALONE, phone).headers["Location"] == "/"
    post(client, "/sign-out/")
    acting.give_password(client, "alice")
    assert passkeys.answer_at(client, passkeys.SECOND_STEP, ring).status_code == 302

    post(client, "/lost-phone/", gone=f"webauthn-{on_phone.pk}")
    finder = browser()
    assert passkeys.answer_at(finder, passkeys.ALONE, phone).headers["Location"].startswith("/sign-in/")
    assert post(client, f"/webauthn/{on_phone.pk}/remove/").headers["Location"].startswith("/prove/")
    assert passkeys.answer_at(client, passkeys.PROOF, ring).status_code == 302
    post(client, f"/webauthn/{on_phone.pk}/remove/")
    assert "“My phone” is removed and no longer works here." in get(client, "/")
    assert f"/webauthn/{on_phone.pk}/" not in get(client, "/")
    assert "Key ring" in get(client, "/")
    history = get(client, "/history/")
    for words in ("Second factor added", "Second factor renamed", "Second factor removed"):
        assert words in history
    assert Delivery.objects.filter(template="factor-removed", recipient=alice.email).count() == 1


def test_after_a_reset_no_passkey_of_before_opens_anything(client: Client, alice: User) -> None:
    key, _ = passkeys.with_passkey(client, alice)
    enrolment.reset(alice, actor=None, reason="lost everything", now=timezone.now())
    assert client.get("/history/", secure=True).status_code == 302
    assert passkeys.answer_at(browser(), passkeys.ALONE, key).headers["Location"].startswith("/sign-in/")
    again = browser()
    acting.give_password(again, "alice")
    assert again.post("/webauthn/add/options/", secure=True).status_code == 302  # the password alone enrols nothing
    issued = activation.issue(alice, actor=None, reason="came by", now=timezone.now())
    assert post(again, "/activation/", code=issued.code).status_code == 302
    assert passkeys.add(again, key).status_code == 302
    assert AuditEvent.objects.filter(user=alice, action="factor.added").count() == 2


def test_another_factor_is_a_way_in_for_whoever_has_no_passkey_at_hand(client: Client, alice: User) -> None:
    person = acting.with_app(client, alice)
    passkeys.add(client, SoftKey())
    other = browser()
    acting.give_password(other, "alice")
    page = get(other, "/sign-in/code/")
    assert "Use a passkey" in page  # the strongest first
    assert "Authenticator app" in page
    assert acting.give_code(other, person.code(steps=1)).status_code == 302


@pytest.mark.row("A-7.4.2")
def test_a_new_passkey_ends_the_other_sessions(client: Client, alice: User) -> None:
    acting.with_app(client, alice)
    key = SoftKey()
    passkeys.add(client, key)
    other = browser()
    passkeys.answer_at(other, passkeys.ALONE, key)
    passkeys.add(client, SoftKey())
    assert other.get("/history/", secure=True).status_code == 302
    assert client.get("/history/", secure=True).status_code == 200
