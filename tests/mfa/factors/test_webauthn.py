"""A passkey says yes to what this portal asked, once, in time, for this purpose and person; to nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings
from webauthn.helpers import base64url_to_bytes

from accounts import users
from accounts.models import User
from mfa import limits
from mfa.factors.webauthn import authenticators, party, protocol
from mfa.factors.webauthn.factor import KIND, ask
from mfa.kinds import Answer, Purpose
from mfa.models import Application, AuditEvent, AuthenticationRecord, Factor, GuessCounter, OneTimeCode
from mfa.outcomes import (
    KIND_NOT_TAKEN,
    PASSKEY_COUNTER,
    PASSKEY_INCORRECT,
    PASSKEY_OUT_OF_TIME,
    PASSKEY_REPLAYED,
    PASSKEY_TOUCHED,
    PASSKEY_UNKNOWN,
    PASSKEY_VERIFIED,
    UNREADABLE,
    Result,
)
from mfa.pages import ceremonies
from mfa.verification import service
from mfa.verification.service import Attempt
from tests.conftest import PASSWORD
from tests.mfa.doors import add_factor
from tests.stories import acting, passkeys
from tests.stories.soft_key import ELIGIBLE, PRESENT, SYNCED, VERIFIED, SoftKey, synced_key
from tests.tables import BAD_CODES

NOON = datetime(2026, 3, 2, 12, 0, 4, tzinfo=UTC)


@pytest.fixture
def key(alice: User) -> SoftKey:
    """Alice's passkey, set up in a browser of its own."""
    return passkeys.with_passkey(browser(), alice)[0]


@pytest.fixture
def door(client: Client, key: SoftKey) -> Client:
    """A browser in which Alice has given her password."""
    acting.give_password(client, "alice")
    return client


def browser() -> Client:
    return Client(headers={"host": "portal.test"})


def is_in(client: Client) -> bool:
    return client.get("/history/", secure=True).status_code == 200


def latest() -> Result:
    """How the newest attempt with a passkey ended, by its number and words."""
    row = AuthenticationRecord.objects.filter(kind="webauthn").latest("pk")
    return Result(row.code, row.cause, row.accepted)


def refuses(client: Client, path: str, key: SoftKey, result: Result, **wrong: Any) -> None:
    answer = passkeys.answer_at(client, path, key, **wrong)
    assert answer.status_code == 422, answer.headers.get("Location")
    assert not is_in(client)
    assert latest() == result


def test_the_second_step_opens_the_account(door: Client, key: SoftKey) -> None:
    assert passkeys.answer_at(door, passkeys.SECOND_STEP, key).status_code == 302
    assert is_in(door)
    assert latest() == PASSKEY_VERIFIED


@pytest.mark.row("T-70")
@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://portal.test.evil.example"},
        {"origin": "http://portal.test"},
        {"origin": "https://portal.test:8443"},
        {"rp_id": "evil.example"},
        {"rp_id": "test"},
        {"kind": "webauthn.create"},
        {"challenge": "AAAA"},
        {"flags": VERIFIED},
        {"flags": PRESENT | VERIFIED | ELIGIBLE},
        {"flags": PRESENT | SYNCED},
        {"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"},
        {"signature": b""},
        {"handle": "c29tZWJvZHkgZWxzZQ"},
        {"handle": 7},
        {"more": {"crossOrigin": True}},
        {"more": {"topOrigin": "https://evil.example"}},
    ],
    ids=str,
)
def test_an_answer_that_is_wrong_in_one_part_is_refused(door: Client, key: SoftKey, wrong: dict[str, Any]) -> None:
    refuses(door, passkeys.SECOND_STEP, key, PASSKEY_INCORRECT, **wrong)


@pytest.mark.row("T-70")
def test_another_private_key_is_refused(door: Client, key: SoftKey) -> None:
    refuses(door, passkeys.SECOND_STEP, SoftKey(id=key.id, handle=key.handle), PASSKEY_INCORRECT)


def test_another_way_is_named_only_where_the_page_has_one(door: Client, key: SoftKey, alice: User) -> None:
    def page(text: str) -> str:
        return passkeys.give(door, passkeys.SECOND_STEP, text).content.decode()

    def wrong() -> str:
        return key.sign(passkeys.question(door, passkeys.SECOND_STEP), signature=b"")

    alone = page(wrong())
    assert "Try again. You have no other way: helpdesk can help." in alone
    assert "another way" not in alone + page("")
    add_factor(alice)
    assert "Try again, or choose another way." in page(wrong())
    assert "did not load. Choose another way." in page("")


@pytest.mark.row("T-70")
@pytest.mark.row("A-6.7.2")
def test_an_answer_counts_once(door: Client, key: SoftKey) -> None:
    text = key.sign(passkeys.question(door, passkeys.SECOND_STEP))
    kept = dict(door.session)
    assert passkeys.give(door, passkeys.SECOND_STEP, text).status_code == 302
    other = browser()
    acting.give_password(other, "alice")
    assert passkeys.give(other, passkeys.SECOND_STEP, text).status_code == 422
    assert latest() == PASSKEY_OUT_OF_TIME
    restored = other.session
    restored[ceremonies.KEY] = kept[ceremonies.KEY]
    restored.save()
    assert passkeys.give(other, passkeys.SECOND_STEP, text).status_code == 422
    assert latest() == PASSKEY_REPLAYED


@pytest.mark.row("A-6.7.2")
def test_a_wrong_answer_uses_the_challenge_up_too(door: Client, key: SoftKey) -> None:
    options = passkeys.question(door, passkeys.SECOND_STEP)
    passkeys.give(door, passkeys.SECOND_STEP, key.sign(options, origin="https://evil.example"))
    assert passkeys.give(door, passkeys.SECOND_STEP, key.sign(options)).status_code == 422
    assert latest() == PASSKEY_OUT_OF_TIME


@pytest.mark.row("T-70")
@pytest.mark.row("A-6.7.2")
@pytest.mark.parametrize(("minutes", "status"), [(4, 302), (5, 422)])
def test_a_challenge_lives_five_minutes(door: Client, key: SoftKey, minutes: int, status: int) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        text = key.sign(passkeys.question(door, passkeys.SECOND_STEP))
        clock.shift(timedelta(minutes=minutes))
        assert passkeys.give(door, passkeys.SECOND_STEP, text).status_code == status


@pytest.mark.row("A-6.7.2")
def test_ten_thousand_challenges_are_long_and_never_the_same(db: None) -> None:
    made = {protocol.new_challenge() for _ in range(10_000)}
    assert len(made) == 10_000
    assert {len(base64url_to_bytes(challenge)) for challenge in made} == {32}
    asked = ask([])
    assert asked.options["challenge"] == asked.challenge


@pytest.mark.row("T-70")
def test_a_challenge_for_one_purpose_is_worth_nothing_for_another(alice: User) -> None:
    client = browser()
    key, factor = passkeys.with_passkey(client, alice)
    text = key.sign(passkeys.question(client, passkeys.TEST))
    session = client.session
    session["proved_at"] = 0
    session.save()
    assert passkeys.give(client, passkeys.PROOF, text).status_code == 422
    assert latest() == PASSKEY_OUT_OF_TIME
    assert passkeys.give(client, passkeys.TEST, text).status_code == 422  # it went with the other purpose's try
    assert client.get(f"/webauthn/{factor.pk}/rename/", secure=True).headers["Location"].startswith("/prove/")


@pytest.mark.row("T-70")
def test_a_challenge_of_one_person_is_worth_nothing_for_another(
    door: Client, key: SoftKey, make_user: Callable[..., User]
) -> None:
    kept = passkeys.question(door, passkeys.SECOND_STEP)
    asked = dict(door.session)[ceremonies.KEY]
    bob = make_user("bob")
    theirs, _ = passkeys.with_passkey(browser(), bob)
    acting.give_password(door, "bob")
    session = door.session
    session[ceremonies.KEY] = asked
    session.save()
    assert passkeys.give(door, passkeys.SECOND_STEP, theirs.sign(kept)).status_code == 422
    assert latest() == PASSKEY_OUT_OF_TIME


@pytest.mark.row("T-70")
def test_the_passkey_of_another_person_is_refused(door: Client, make_user: Callable[..., User]) -> None:
    theirs, _ = passkeys.with_passkey(browser(), make_user("bob"))
    refuses(door, passkeys.SECOND_STEP, theirs, PASSKEY_UNKNOWN)


@pytest.mark.row("T-70")
@pytest.mark.parametrize("counter", [0, 1, 5])
def test_a_counter_that_went_back_is_refused_with_an_alarm(
    door: Client, key: SoftKey, counter: int, caplog: pytest.LogCaptureFixture
) -> None:
    factor = Factor.objects.get(key=key.name)
    Factor.objects.filter(pk=factor.pk).update(state=factor.state | {"counter": 5})
    refuses(door, passkeys.SECOND_STEP, key, PASSKEY_COUNTER, counter=counter)
    assert "may have been copied" in caplog.text
    event = AuditEvent.objects.get(action="factor.maybe-copied")
    assert (event.username, event.details["known"], event.details["given"]) == ("alice", 5, counter)
    assert Factor.objects.get(key=key.name).state["counter"] == 5


@pytest.mark.row("T-70")
def test_nobody_raises_the_alarm_without_the_private_key(door: Client, key: SoftKey) -> None:
    refuses(door, passkeys.SECOND_STEP, key, PASSKEY_INCORRECT, counter=0, signature=b"no")
    assert not AuditEvent.objects.filter(action="factor.maybe-copied").exists()


def test_a_synced_passkey_without_a_counter_works_again_and_again(alice: User) -> None:
    key, factor = passkeys.with_passkey(browser(), alice, synced_key())
    for _ in range(2):
        client = browser()
        acting.give_password(client, "alice")
        assert passkeys.answer_at(client, passkeys.SECOND_STEP, key).status_code == 302
    assert KIND.describe(factor) == "kept by a password manager"


@pytest.mark.row("N-30")
def test_a_touch_is_one_factor_and_is_recorded_as_such(door: Client, key: SoftKey) -> None:
    """After the password it is the second one; alone it would be the only one: see the name-less sign-in."""
    assert passkeys.answer_at(door, passkeys.SECOND_STEP, key, flags=PRESENT).status_code == 302
    assert latest() == PASSKEY_TOUCHED


@pytest.mark.row("T-12")
def test_wrong_codes_of_somebody_with_the_password_leave_the_passkey_open(door: Client, key: SoftKey) -> None:
    counter, _ = GuessCounter.objects.get_or_create(subject=limits.of_account(User.objects.get()))
    counter.failures = {"totp": [limits.ACCOUNT_CEILING, datetime.now(UTC).timestamp()]}
    counter.save()
    assert passkeys.answer_at(door, passkeys.SECOND_STEP, key).status_code == 302
    assert is_in(door)


@pytest.mark.row("T-12")
def test_wrong_answers_neither_delay_nor_disable_a_passkey(door: Client, key: SoftKey) -> None:
    for _ in range(limits.DELAY_FROM + 1):
        passkeys.answer_at(door, passkeys.SECOND_STEP, key, signature=b"no")
    assert latest() == PASSKEY_INCORRECT
    assert not GuessCounter.objects.exclude(failures={}).filter(subject__startswith="user:").exists()
    assert Factor.objects.get(key=key.name).failures == 0
    assert passkeys.answer_at(door, passkeys.SECOND_STEP, key).status_code == 302


@pytest.mark.row("A-6.7.1")
@pytest.mark.row("A-11.3.1")
def test_a_public_key_from_elsewhere_in_the_database_is_not_believed(door: Client, key: SoftKey) -> None:
    attacker, planted = passkeys.with_passkey(browser(), User.objects.create_user("mallory", PASSWORD))
    Factor.objects.filter(key=key.name).update(secret=planted.secret)
    refuses(door, passkeys.SECOND_STEP, SoftKey(id=key.id, private=attacker.private, counter=9), UNREADABLE)


@pytest.mark.row("T-26")
def test_what_a_request_says_of_its_host_decides_nothing(settings: Settings, alice: User) -> None:
    settings.ALLOWED_HOSTS = ["portal.test", "portal.evil.example"]
    client = Client(headers={"host": "portal.evil.example"})
    options = client.post("/webauthn/sign-in/options/", secure=True).json()
    assert options["rpId"] == "portal.test"
    acting.give_password(client, "alice")
    creation = passkeys.question(client, passkeys.ADD)
    assert creation["rp"]["id"] == "portal.test"
    assert (
        passkeys.give(
            client, passkeys.ADD, SoftKey().create(creation, origin="https://portal.evil.example")
        ).status_code
        == 422
    )


@pytest.mark.row("A-6.3.6")
def test_no_other_application_takes_a_passkey(alice: User, key: SoftKey, now: datetime) -> None:
    Application.objects.create(slug="vpn", name="VPN", kinds=["webauthn", "totp"])
    asked = ask([])
    text = key.sign(asked.options)
    answer = Answer(text, Purpose.SIGN_IN, asked.challenge)
    for kind in ("", "webauthn"):
        verdict = service.verify(Attempt(alice, answer, "vpn", "203.0.113.9", kind), now=now)
        assert verdict.result is KIND_NOT_TAKEN


def test_what_is_no_answer_is_refused_with_words(door: Client, key: SoftKey) -> None:
    known = {"id": key.name, "rawId": key.name, "type": "public-key"}
    responses = [
        {},
        *({"clientDataJSON": text, "authenticatorData": text, "signature": text} for text in ("AA", "W10")),
    ]
    shaped = [json.dumps(known), *(json.dumps(known | {"response": response}) for response in responses)]
    odd = [text for text in BAD_CODES if len(text) < 50_000]
    for text in (*odd, *shaped, "[]", "{}", '{"id": 1}', "[" * 19_000):
        passkeys.question(door, passkeys.SECOND_STEP)
        answer = passkeys.give(door, passkeys.SECOND_STEP, text)
        assert answer.status_code == 422, text[:40]
        assert b'role="alert"' in answer.content
    assert not is_in(door)


def test_no_code_beside_the_password_is_taken_for_a_passkey(client: Client, key: SoftKey, settings: Settings) -> None:
    settings.SIGN_IN_CODE_FIELD = "always"
    typed = {"username": "alice", "password": PASSWORD, "code": json.dumps({"id": key.name})[:64]}
    assert client.post("/sign-in/", typed, secure=True).status_code == 422


def test_the_portal_asks_with_the_persons_own_passkeys_after_the_password(door: Client, key: SoftKey) -> None:
    options = passkeys.question(door, passkeys.SECOND_STEP)
    assert [one["id"] for one in options["allowCredentials"]] == [key.name]
    assert options["userVerification"] == "preferred"


@pytest.mark.parametrize(
    ("address", "domain", "origin", "works"),
    [
        ("https://2fa.example.org", "2fa.example.org", "https://2fa.example.org", True),
        ("https://2FA.example.org:443", "2fa.example.org", "https://2fa.example.org", True),
        ("https://2fa.example.org:8443", "2fa.example.org", "https://2fa.example.org:8443", True),
        ("http://localhost:8000", "localhost", "http://localhost:8000", True),
        ("http://2fa.example.org", "2fa.example.org", "http://2fa.example.org", False),
        ("https://192.0.2.7", "192.0.2.7", "https://192.0.2.7", False),
        ("https://[2001:db8::7]", "2001:db8::7", "https://2001:db8::7", False),
    ],
)
def test_the_party_is_what_the_public_address_says(
    settings: Settings, address: str, domain: str, origin: str, works: bool
) -> None:
    settings.PUBLIC_URL = address
    assert (party.domain(), party.origin(), party.works()) == (domain, origin, works)


def test_where_browsers_make_no_passkeys_none_is_offered(client: Client, alice: User, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://192.0.2.7"
    assert not KIND.offered(alice)
    assert b"passkey" not in client.get("/sign-in/", secure=True).content


def test_products_have_names_and_unknown_ones_none() -> None:
    assert authenticators.name_of("fbfc3007-154e-4ecc-8c0b-6e020557d7bd") == "iCloud Keychain"
    assert authenticators.name_of("00000000-0000-0000-0000-000000000000") == ""


@pytest.mark.parametrize(
    ("aaguid", "name"),
    [
        ("a25342c0-3cdc-4414-8e46-f4807fca511c", "YubiKey 5 NFC"),
        ("42b4fb4a-2866-43b2-9bf7-6c6669c2e5d3", "Google Titan"),
        ("d3452668-01fd-4c12-926c-83a4204853aa", "Microsoft Password Manager"),
    ],
)
def test_newer_keys_and_managers_have_their_names_too(aaguid: str, name: str) -> None:
    assert authenticators.name_of(aaguid) == name


def test_used_challenges_leave_no_code_that_lives(door: Client, key: SoftKey) -> None:
    passkeys.answer_at(door, passkeys.SECOND_STEP, key)
    assert set(OneTimeCode.objects.values_list("ending", flat=True)) == {OneTimeCode.Ending.SPENT}


@pytest.mark.row("T-74")
def test_whoever_was_deactivated_meanwhile_is_refused(door: Client, key: SoftKey, alice: User) -> None:
    options = passkeys.question(door, passkeys.SECOND_STEP)
    users.deactivate_many([alice.pk], now=datetime.now(UTC), actor=None)
    passkeys.give(door, passkeys.SECOND_STEP, key.sign(options))
    assert not is_in(door)
