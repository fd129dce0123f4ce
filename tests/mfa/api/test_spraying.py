"""Guesses at many accounts: from one address they come to an end, and nobody else is shut out by them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from mfa import budgets
from mfa.models import Application, AuthenticationRecord, Budget
from mfa.outcomes import OATH_INCORRECT, OATH_VERIFIED, SOURCE_HELD_UP, USER_NOT_FOUND
from tests.conftest import PASSWORD
from tests.mfa.api.conftest import Call
from tests.mfa.doors import SECRET, add_factor
from tests.stories.authenticator import Phone

Keys = Callable[..., str]
SPRAYER, OFFICE, PRIVACY = "198.51.100.66", "2001:db8:0:1::7", "2001:db8:0:1:a:b:c:d"
(MOST, _HOUR), *_ = budgets.MISSES


@pytest.fixture
def believed(vpn: Application) -> Application:
    """An application that says where people are."""
    vpn.address_attribute = Application.AddressAttribute.ADDRESS
    vpn.save()
    return vpn


@pytest.fixture
def app_of_alice(alice: User) -> Phone:
    add_factor(alice, state={"algorithm": "SHA1", "digits": 6, "period": 30})
    return Phone(SECRET, "alice")


def spent_by(address: str, application: str = "vpn") -> None:
    """All wrong answers but one that this source may give were given a moment ago."""
    stamp = timezone.now().timestamp()
    Budget.objects.create(subject=f"misses:{address}:{application}", spent=[stamp] * (MOST - 1))


def was_let_in(user: User, address: str, application: str = "portal") -> None:
    AuthenticationRecord.objects.create(
        at=timezone.now() - timedelta(days=3), user=user, username=user.username, application=application,
        address=address, accepted=True, code=OATH_VERIFIED.code,
    )  # fmt: skip


def verify(call: Call, key: str, *, at: str = "", **question: str) -> bool:
    """What the application hears about somebody who it says is at this address."""
    return bool(call("verify", key, raw=json.dumps({**question, "address": at}).encode()).json()["accepted"])


def last_code() -> int:
    return AuthenticationRecord.objects.order_by("-pk").values_list("code", flat=True)[0]


@pytest.mark.row("T-10")
def test_one_guess_at_each_of_many_accounts_comes_to_an_end_for_its_address_alone(
    call: Call, believed: Application, key_of: Keys, app_of_alice: Phone
) -> None:
    key = key_of(believed)
    for number in range(MOST):
        assert not verify(call, key, at=SPRAYER, username=f"u{number}", password="Spring1!", code="1")
    right = {"username": "alice", "password": PASSWORD, "code": app_of_alice.code()}
    assert not verify(call, key, at=SPRAYER, **right)
    assert last_code() == SOURCE_HELD_UP.code
    assert verify(call, key, at="198.51.100.67", **right)


@pytest.mark.row("T-10")
@pytest.mark.parametrize("where", [PRIVACY, SPRAYER])
def test_an_office_from_which_somebody_guesses_stays_open_to_who_usually_works_there(
    call: Call, believed: Application, key_of: Keys, alice: User, app_of_alice: Phone, where: str
) -> None:
    """By IPv6 the same desk has another address each day."""
    key = key_of(believed)
    spent_by("2001:db8:0:1::/64" if ":" in where else where)
    verify(call, key, username="nobody", password="x", code="1", at=where)
    right = {"username": "alice", "password": PASSWORD, "code": app_of_alice.code(), "at": where}
    assert not verify(call, key, **right)
    was_let_in(alice, OFFICE if ":" in where else where)
    assert verify(call, key, **right)


@pytest.mark.row("N-15", "T-11d")
def test_whoever_is_let_in_from_an_address_clears_none_of_its_wrong_answers_about_others(
    call: Call, believed: Application, key_of: Keys, alice: User, app_of_alice: Phone
) -> None:
    """Else one account of one's own would pay for guesses at all others."""
    key = key_of(believed)
    spent_by(SPRAYER)
    was_let_in(alice, SPRAYER)
    assert verify(call, key, at=SPRAYER, username="alice", password=PASSWORD, code=app_of_alice.code())
    for result in (USER_NOT_FOUND, SOURCE_HELD_UP):
        assert not verify(call, key, at=SPRAYER, username="nobody", password="Spring1!", code="1")
        assert last_code() == result.code


@pytest.mark.row("T-10")
def test_one_code_at_many_accounts_comes_to_an_end_where_the_application_checks_the_password(
    call: Call, believed: Application, key_of: Keys, app_of_alice: Phone, make_user: Callable[..., User]
) -> None:
    Application.objects.update(mode=Application.Mode.CODE_ONLY)
    believed.refresh_from_db()
    key = key_of(believed)
    spent_by(SPRAYER)
    add_factor(make_user("bob"), state={"algorithm": "SHA1", "digits": 6, "period": 30})
    verify(call, key, username="bob", code=app_of_alice.wrong(), at=SPRAYER)
    assert last_code() == OATH_INCORRECT.code
    right = {"username": "alice", "code": app_of_alice.code()}
    assert not verify(call, key, at=SPRAYER, **right)
    assert last_code() == SOURCE_HELD_UP.code
    assert verify(call, key, **right), "no address, nobody to hold up"


@pytest.mark.row("T-10")
def test_an_application_that_says_no_addresses_is_never_shut_by_the_wrong_answers_of_others(
    call: Call, vpn: Application, key_of: Keys, app_of_alice: Phone
) -> None:
    key = key_of(vpn)
    for number in range(MOST + 5):
        verify(call, key, username=f"u{number}", password="Spring1!", code="1", at=SPRAYER)
    assert verify(call, key, username="alice", password=PASSWORD, code=app_of_alice.code())


@pytest.mark.row("T-10")
def test_the_portal_holds_up_a_spraying_address_too(client: Client, alice: User) -> None:
    spent_by(SPRAYER, "portal")
    for name, password in (("nobody", "x"), ("alice", PASSWORD)):
        client.post("/sign-in/", {"username": name, "password": password}, secure=True, REMOTE_ADDR=SPRAYER)
    assert last_code() == SOURCE_HELD_UP.code
    typed = {"username": "alice", "password": PASSWORD}
    assert client.post("/sign-in/", typed, secure=True, REMOTE_ADDR="198.51.100.67").status_code == 302


@pytest.mark.row("T-12")
def test_wrong_passwords_from_everywhere_leave_the_door_open_from_a_usual_network_though_its_address_is_new_today(
    call: Call, believed: Application, key_of: Keys, alice: User, app_of_alice: Phone
) -> None:
    was_let_in(alice, OFFICE)
    Budget.objects.create(subject=f"password:{alice.pk}", spent=[timezone.now().timestamp()] * 50)
    right = {"username": "alice", "password": PASSWORD, "code": app_of_alice.code()}
    key = key_of(believed)
    assert not verify(call, key, at="2001:db8:0:2::7", **right)
    assert verify(call, key, at=PRIVACY, **right)


@pytest.mark.row("T-31", "T-68")
@pytest.mark.parametrize("zone", ["x" * 200, "a\nforged line"])
def test_a_zone_behind_an_address_is_no_address_and_reaches_no_log(
    call: Call, vpn: Application, key_of: Keys, app_of_alice: Phone, zone: str
) -> None:
    """Whoever may put text into Calling-Station-Id would otherwise undo the count of his guess by an error."""
    Application.objects.update(address_attribute=Application.AddressAttribute.CALLING_STATION)
    sent = {
        "User-Name": "alice", "User-Password": "wrong", "Identifier": "1", "Authenticator": "0x" + "a" * 32,
        "Calling-Station-Id": f"fe80::1%{zone}",
    }  # fmt: skip
    assert call("radius/authorize", key_of(vpn), **sent).status_code == 401
    assert AuthenticationRecord.objects.get().address == ""


@pytest.mark.row("T-31", "T-33")
def test_the_port_of_a_connection_is_no_part_of_where_a_person_is(
    call: Call, believed: Application, key_of: Keys, app_of_alice: Phone
) -> None:
    """Each connection has another one: nobody would be known by an address, and none would be held up."""
    key = key_of(believed)
    verify(call, key, at=f"[{PRIVACY}]:51234", username="alice", password="x", code="1")
    Application.objects.update(address_attribute=Application.AddressAttribute.TUNNEL_CLIENT)
    sent = {
        "User-Name": "alice", "User-Password": "wrong", "Identifier": "1", "Authenticator": "0x" + "a" * 32,
        "Calling-Station-Id": "198.51.100.9:1", "Tunnel-Client-Endpoint": f"{SPRAYER}:51234",
    }  # fmt: skip
    assert call("radius/authorize", key, **sent).status_code == 401
    rows = AuthenticationRecord.objects.order_by("pk").values_list("address", flat=True)
    assert list(rows) == ["2001:db8:0:1:a:b:c:d", SPRAYER]


def test_where_no_address_is_believed_a_code_costs_no_query_for_its_source(
    call: Call, vpn: Application, key_of: Keys, app_of_alice: Phone
) -> None:
    Application.objects.update(mode=Application.Mode.CODE_ONLY)
    key = key_of(vpn)
    with CaptureQueriesContext(connection) as asked:
        assert verify(call, key, at=SPRAYER, username="alice", code=app_of_alice.code())
    assert not [one for one in asked.captured_queries if "mfa_budget" in one["sql"]]
