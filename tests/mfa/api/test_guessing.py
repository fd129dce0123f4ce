"""Limits of guesses as an application meets them: another code, another name or a year later are no way around."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from mfa import enrolment, limits
from mfa.delivery import outbox
from mfa.factors.email import flows as email
from mfa.models import Application, AuthenticationRecord, Budget, Delivery, Factor, GuessCounter
from mfa.outcomes import ACCOUNT_LOCKED, FACTOR_DISABLED, OATH_INCORRECT
from tests.conftest import PASSWORD
from tests.mfa.api.conftest import Call
from tests.mfa.doors import SECRET, add_factor
from tests.stories.authenticator import Phone

Keys = Callable[..., str]
Moves = time_machine.Traveller
STATE = {"algorithm": "SHA1", "digits": 6, "period": 30}
DOORS = ["verify", "radius"]


@pytest.fixture
def clock(now: datetime) -> Iterator[Moves]:
    with time_machine.travel(now, tick=False) as moved:
        yield moved


@pytest.fixture
def vpn(db: None) -> Application:
    return Application.objects.create(
        slug="vpn", name="VPN", mode="password-and-code", kinds=["totp", "email"], domains=["EXAMPLE", "example.org"]
    )


@pytest.fixture
def ask(call: Call, vpn: Application, key_of: Keys, clock: Moves) -> Callable[..., bool]:
    """`ask("verify", "alice", code)` is whether a door lets this person in with the password and the code."""
    key, asked = key_of(vpn, days=400), iter(range(10_000))

    def through(door: str, name: str, code: str) -> bool:
        if door == "verify":
            return bool(call("verify", key, username=name, password=PASSWORD, code=code).json()["accepted"])
        sent = {
            "User-Name": name, "User-Password": PASSWORD + code, "Identifier": "1",
            "Authenticator": f"0x{next(asked):032x}",
        }  # fmt: skip
        answer = call("radius/authorize", key, **sent)
        return answer.status_code == 200 and answer.json() == {"control:Auth-Type": "Accept"}

    return through


def later(clock: Moves, **by: float) -> None:
    clock.shift(timedelta(**by))


def last_code() -> int:
    return AuthenticationRecord.objects.order_by("-pk").values_list("code", flat=True)[0]


@pytest.mark.row("N-14", "T-06")
@pytest.mark.parametrize("door", DOORS)
def test_fifty_wrong_codes_disable_a_factor_for_good_until_a_new_one_is_set_up(
    ask: Callable[..., bool], alice: User, clock: Moves, door: str
) -> None:
    add_factor(alice, state=STATE)
    app = Phone(SECRET, "alice")
    for _ in range(limits.FACTOR_CEILING):
        later(clock, hours=2)
        assert not ask(door, "alice", "000000")
        assert last_code() == OATH_INCORRECT.code
    later(clock, days=365)
    assert not ask(door, "alice", app.code())
    assert last_code() == FACTOR_DISABLED.code
    Factor.objects.all().delete()
    add_factor(alice, name="New phone", state=STATE)
    assert ask(door, "alice", app.code())


@pytest.mark.row("N-14", "T-08")
@pytest.mark.parametrize("door", DOORS)
def test_a_hundred_wrong_codes_lock_the_account_whatever_is_set_up_and_however_long_one_waits(
    ask: Callable[..., bool], alice: User, clock: Moves, door: str
) -> None:
    add_factor(alice, state=STATE)
    app, an_hour_ago = Phone(SECRET, "alice"), timezone.now().timestamp() - 7200
    counted = {"totp": [49, an_hour_ago], "email": [50, an_hour_ago]}
    GuessCounter.objects.create(subject=limits.of_account(alice), failures=counted)
    assert not ask(door, "alice", "000000")
    assert last_code() == OATH_INCORRECT.code
    later(clock, days=365)
    add_factor(alice, name="New phone", state=STATE)
    assert not ask(door, "alice", app.code())
    assert last_code() == ACCOUNT_LOCKED.code
    enrolment.unlock(alice, actor=None, reason="called", now=timezone.now())
    assert ask(door, "alice", app.code())


@pytest.mark.row("T-11b")
@pytest.mark.parametrize(
    ("door", "spellings"),
    [
        ("verify", ["alice", "ALICE", " alice ", "\uff41lice", "Alice"]),
        ("radius", ["alice", "ALICE", "EXAMPLE\\alice", "alice@example.org", "\uff21lice"]),
    ],
)
def test_every_spelling_of_a_name_spends_the_same_guesses(
    ask: Callable[..., bool], alice: User, door: str, spellings: list[str]
) -> None:
    add_factor(alice, state=STATE)
    for name in spellings:
        assert not ask(door, name, "000000")
        assert last_code() == OATH_INCORRECT.code
    assert GuessCounter.objects.get(subject=limits.of_account(alice)).failures["totp"][0] == limits.DELAY_FROM
    code = Phone(SECRET, "alice").code()
    assert [ask(door, name, code) for name in spellings] == [False] * len(spellings)
    assert last_code() == ACCOUNT_LOCKED.code


@pytest.mark.row("N-09", "T-11d")
def test_another_code_does_not_forget_the_wrong_guesses_at_the_older_one(
    call: Call, vpn: Application, key_of: Keys, alice: User, clock: Moves
) -> None:
    add_factor(alice, state=STATE)
    token, delivery = email.begin(alice, now=timezone.now())
    email.confirm(alice, token, outbox.read(delivery).rpartition("#")[2], actor=alice, now=timezone.now())
    key = key_of(vpn)

    def asked() -> dict[str, str]:
        later(clock, seconds=61)
        return dict(call("challenge", key, username="alice", password=PASSWORD, kind="email").json())

    def answered(code: str, state: str) -> bool:
        return bool(call("verify", key, username="alice", code=code, state=state).json()["accepted"])

    def sent() -> list[str]:
        mails = Delivery.objects.filter(template="code").order_by("pk")
        return [outbox.read(mail).rpartition("#")[2] for mail in mails]

    assert not any(answered("000000", asked()["state"]) for _ in range(limits.DELAY_FROM))
    assert len(sent()) == limits.DELAY_FROM, "each question sent a new code"
    assert GuessCounter.objects.get(subject=limits.of_account(alice)).failures["email"][0] == limits.DELAY_FROM
    clock.shift(timedelta(seconds=-45))
    Budget.objects.all().delete()
    assert asked()["kind"] != "email", "sixteen seconds after the fifth no other is sent"
    later(clock, seconds=30)
    state = asked()["state"]
    assert answered(sent()[-1], state)
