"""Making a passkey: only what this browser made for this person's page just now is taken, and once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from mfa.factors.webauthn import flows
from mfa.factors.webauthn.refusals import Taken, TooMany, UsedBefore
from mfa.kinds import Purpose
from mfa.models import AuditEvent, Delivery, Factor
from mfa.pages import ceremonies
from tests.stories import acting, passkeys
from tests.stories.soft_key import SoftKey, synced_key


@pytest.fixture
def signed_in(client: Client, alice: User) -> Client:
    acting.give_password(client, "alice")
    return client


def refused(client: Client, key: SoftKey, **wrong: Any) -> str:
    answer = passkeys.add(client, key, **wrong)
    assert answer.status_code == 422
    return answer.content.decode()


def test_it_is_named_after_its_maker_and_told(signed_in: Client) -> None:
    answer = passkeys.add(signed_in, SoftKey())
    assert answer.headers["Location"] == "/recovery/"
    factor = Factor.objects.get()
    assert (factor.name, factor.kind, factor.confirmed) == ("YubiKey 5 NFC", "webauthn", True)
    assert AuditEvent.objects.filter(action="factor.added", user=factor.user).count() == 1
    assert Delivery.objects.filter(template="factor-added").count() == 1


def test_a_person_may_have_several_each_with_a_name(signed_in: Client) -> None:
    for key in (SoftKey(), SoftKey(), synced_key(), SoftKey(aaguid="00000000-0000-0000-0000-000000000000")):
        assert passkeys.add(signed_in, key).status_code == 302
    names = list(Factor.objects.order_by("pk").values_list("name", flat=True))
    assert names == ["YubiKey 5 NFC", "YubiKey 5 NFC 2", "YubiKey 5 NFC 3", "Passkey"]


def test_what_is_asked_for(signed_in: Client) -> None:
    key = SoftKey()
    first = passkeys.question(signed_in, passkeys.ADD)
    assert first["attestation"] == "none"
    assert first["authenticatorSelection"]["residentKey"] == "preferred"
    assert first["authenticatorSelection"]["userVerification"] == "preferred"
    assert "alice" not in first["user"]["id"]
    passkeys.add(signed_in, key)
    second = passkeys.question(signed_in, passkeys.ADD)
    assert [one["id"] for one in second["excludeCredentials"]] == [key.name]
    assert second["user"]["id"] == first["user"]["id"]


def test_a_long_credential_id_fits(signed_in: Client) -> None:
    assert passkeys.add(signed_in, SoftKey(id=b"\xff" * 1023)).status_code == 302


@pytest.mark.row("T-70")
@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"kind": "webauthn.get"},
        {"challenge": "AAAA"},
        {"flags": 0},
        {"more": {"crossOrigin": True}},
    ],
    ids=str,
)
def test_a_creation_that_is_wrong_in_one_part_is_refused(signed_in: Client, wrong: dict[str, Any]) -> None:
    assert "Try again" in refused(signed_in, SoftKey(), **wrong)
    assert not Factor.objects.exists()


@pytest.mark.row("T-70")
@pytest.mark.row("A-6.7.1")
def test_a_passkey_of_somebody_else_cannot_be_registered(signed_in: Client, make_user: Callable[..., User]) -> None:
    theirs, factor = passkeys.with_passkey(Client(headers={"host": "portal.test"}), make_user("bob"))
    assert "set up already" in refused(signed_in, SoftKey(id=theirs.id))
    assert [row.user_id for row in Factor.objects.all()] == [factor.user_id]


@pytest.mark.row("A-6.7.1")
def test_nobody_registers_for_another_person(signed_in: Client, make_user: Callable[..., User]) -> None:
    other = Client(headers={"host": "portal.test"})
    make_user("bob")
    acting.give_password(other, "bob")
    text = SoftKey().create(passkeys.question(other, passkeys.ADD))
    assert passkeys.give(signed_in, passkeys.ADD, text).status_code == 422
    passkeys.question(signed_in, passkeys.ADD)
    assert passkeys.give(signed_in, passkeys.ADD, text).status_code == 422
    assert not Factor.objects.exists()


@pytest.mark.row("T-70")
@pytest.mark.row("A-6.7.2")
def test_a_captured_registration_cannot_be_replayed(signed_in: Client, alice: User) -> None:
    """Not even when the passkey was removed since, and the session came back (CVE-2022-42731)."""
    key = SoftKey()
    options = passkeys.question(signed_in, passkeys.ADD)
    asked = dict(signed_in.session)[ceremonies.KEY]
    text = key.create(options)
    assert passkeys.give(signed_in, passkeys.ADD, text).status_code == 302
    Factor.objects.all().delete()
    assert not Factor.objects.exists()
    with pytest.raises(UsedBefore):
        flows.enrol(alice, text, asked["challenge"], now=datetime.now(UTC))
    assert asked["purpose"] == Purpose.ENROL
    assert not Factor.objects.exists()


def test_the_same_passkey_twice_is_refused_by_the_table_too(alice: User, make_user: Callable[..., User]) -> None:
    key = SoftKey()
    for user in (alice, make_user("bob")):
        made = flows.begin(user)
        text = key.create(made.options)
        if user == alice:
            flows.enrol(user, text, made.challenge, now=datetime.now(UTC))
        else:
            with pytest.raises(Taken):
                flows.enrol(user, text, made.challenge, now=datetime.now(UTC))


def test_ten_are_enough(signed_in: Client, alice: User) -> None:
    for number in range(TooMany.most):
        state = {"handle": "aGFuZGxl", "transports": [], "counter": 0, "can_be_synced": False}
        Factor.objects.create(user=alice, kind="webauthn", key=f"key{number}", name=str(number), state=state)
    session = signed_in.session
    session["otp_device_id"] = Factor.objects.earliest("pk").persistent_id
    session.save()
    answer = signed_in.post("/webauthn/add/options/", secure=True)
    assert answer.status_code == 409
    assert "10 passkeys already" in answer.json()["refused"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"id":"a","rawId":"a","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA"}}',
    ],
)
def test_what_is_no_passkey_is_refused_with_words(signed_in: Client, text: str) -> None:
    passkeys.question(signed_in, passkeys.ADD)
    answer = passkeys.give(signed_in, passkeys.ADD, text)
    assert answer.status_code == 422
    assert b'role="alert"' in answer.content
