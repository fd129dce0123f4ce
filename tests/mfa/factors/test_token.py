"""A hardware token in somebody's hand, judged by the service at moments given as an argument."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache

from accounts.models import User
from mfa import limits
from mfa.factors.token import flows
from mfa.factors.token.factor import KIND
from mfa.factors.token.flows import NotTogether
from mfa.kinds import Answer
from mfa.models import Factor, GuessCounter, HardwareToken
from mfa.oath.counters import Ahead
from mfa.outcomes import (
    ACCOUNT_LOCKED,
    OATH_DUPLICATE,
    OATH_INCORRECT,
    OATH_VERIFIED,
    TOKEN_AHEAD,
    UNREADABLE,
    WRONG_SHAPE,
    Refused,
)
from mfa.tokens import stock
from mfa.tokens.judging import TokenClockWrong
from mfa.verification.service import Attempt, Verdict, verify
from tests.mfa.tokens.shelf import pressed, put, shown

STEP = timedelta(seconds=30)


def judge(user: User, text: str, now: datetime) -> Verdict:
    return verify(Attempt(user, Answer(text), "portal", "192.0.2.7"), now=now)


@pytest.fixture
def by_button(alice: User, now: datetime) -> HardwareToken:
    token = put()
    stock.assign(alice, "1001", actor=alice, reason="x", now=now)
    return token


@pytest.fixture
def by_time(alice: User, now: datetime) -> HardwareToken:
    token = put(method="totp")
    stock.assign(alice, "1001", actor=alice, reason="x", now=now)
    return token


@pytest.mark.row("T-01")
@pytest.mark.row("A-6.5.1")
def test_a_code_by_button_counts_once(alice: User, by_button: HardwareToken, now: datetime) -> None:
    verdict = judge(alice, pressed(1), now)
    assert verdict.result is OATH_VERIFIED
    cache.clear()
    for later in (0, 3600):
        assert judge(alice, pressed(1), now + timedelta(seconds=later)).result is OATH_DUPLICATE
    factor = Factor.objects.get(user=alice)
    assert factor.last_used_at == now
    assert factor.secret == ""


def test_a_token_that_was_pressed_in_a_pocket_is_named_and_brought_in_step(
    alice: User, by_button: HardwareToken, now: datetime
) -> None:
    verdict = judge(alice, pressed(40), now)
    assert verdict.result is TOKEN_AHEAD
    assert isinstance(verdict.refused, Ahead)
    assert judge(alice, pressed(41) + pressed(42), now).accepted
    assert judge(alice, pressed(43), now).accepted


@pytest.mark.row("A-6.5.5")
@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_by_time_counts_one_step_early_or_late(
    alice: User, by_time: HardwareToken, now: datetime, steps: int, accepted: bool
) -> None:
    assert judge(alice, shown(now + STEP * steps), now).accepted is accepted


def test_the_clock_of_a_token_is_named_and_followed(alice: User, by_time: HardwareToken, now: datetime) -> None:
    drift = timedelta(minutes=4)
    verdict = judge(alice, shown(now - drift), now)
    assert isinstance(verdict.refused, TokenClockWrong)
    assert "The token's clock is" in verdict.refused.words
    assert "seconds late" in verdict.refused.words
    assert "two codes in a row" in verdict.refused.words
    assert judge(alice, shown(now - drift + STEP) + shown(now - drift + STEP * 2), now + STEP * 2).accepted
    later = now + timedelta(hours=1)
    assert judge(alice, shown(later - drift), later).accepted


@pytest.mark.row("T-06")
def test_wrong_codes_end_in_waiting(alice: User, by_button: HardwareToken, now: datetime) -> None:
    for _ in range(limits.DELAY_FROM):
        assert judge(alice, "000000", now).result is OATH_INCORRECT
    assert judge(alice, pressed(1), now).result is ACCOUNT_LOCKED


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345a", "１２３４５６"])
def test_what_cannot_be_a_code_costs_nothing(alice: User, by_button: HardwareToken, now: datetime, text: str) -> None:
    assert judge(alice, text, now).result is WRONG_SHAPE


@pytest.mark.parametrize(
    "damage",
    [{"secret": "gone:AAAA"}, {"state": {"counter": "many"}}, {"state": {"told": 7}}, {"algorithm": "MD5"}],
)
def test_a_damaged_token_says_so(
    alice: User, by_button: HardwareToken, now: datetime, damage: dict[str, object]
) -> None:
    HardwareToken.objects.update(**damage)
    assert judge(alice, pressed(1), now).result is UNREADABLE


def test_both_kinds_say_what_they_are(alice: User, by_button: HardwareToken, now: datetime) -> None:
    put("2002", method="totp")
    other = stock.assign(alice, "2002", actor=alice, reason="x", now=now)
    assert KIND.describe(Factor.objects.filter(user=alice).earliest("pk")) == (
        "serial 1001 · a code for each press of its button"
    )
    assert KIND.describe(other) == "serial 2002 · new every 30 seconds"


def test_serial_and_code_make_a_token_ones_own(alice: User, now: datetime) -> None:
    assert not KIND.offered(alice)
    token = put()
    assert KIND.offered(alice)
    factor = flows.claim(alice, "10 01", pressed(2), now=now)
    assert factor.key == token.key
    assert judge(alice, pressed(2), now).result is OATH_DUPLICATE
    assert judge(alice, pressed(3), now).accepted


def test_a_token_that_lay_long_is_claimed_with_two_codes(alice: User, now: datetime) -> None:
    put()
    with pytest.raises(Ahead):
        flows.claim(alice, "1001", pressed(60), now=now)
    assert flows.claim(alice, "1001", pressed(61) + pressed(62), now=now)


@pytest.mark.row("T-06")
@pytest.mark.parametrize("case", ["unknown serial", "held by another", "lost", "wrong code", "no code"])
def test_whatever_does_not_fit_sounds_the_same_and_counts(
    alice: User, make_user: object, now: datetime, case: str
) -> None:
    token = put(lost_at=now if case == "lost" else None)
    if case == "held by another":
        stock.assign(make_user("bob"), "1001", actor=alice, reason="x", now=now)  # type: ignore[operator]
    serial = "9" if case == "unknown serial" else "1001"
    code = {"wrong code": "000000", "no code": "abc"}.get(case, pressed(1))
    with pytest.raises(NotTogether) as caught:
        flows.claim(alice, serial, code, now=now)
    assert "do not belong together" in caught.value.words
    assert GuessCounter.objects.get(subject=limits.of_account(alice)).failures["token"][0] == 1
    assert not Factor.objects.filter(user=alice).exists()
    token.refresh_from_db()
    assert token.state["counter"] == 0


@pytest.mark.row("T-06")
def test_claiming_is_limited_like_any_guessing(alice: User, now: datetime) -> None:
    put()
    for _ in range(limits.DELAY_FROM):
        with pytest.raises(NotTogether):
            flows.claim(alice, "1001", "000000", now=now)
    with pytest.raises(Refused) as caught:
        flows.claim(alice, "1001", pressed(1), now=now)
    assert caught.value.result is ACCOUNT_LOCKED


@pytest.mark.row("A-6.5.6")
def test_a_token_that_was_claimed_while_it_was_marked_as_lost_opens_nothing(
    alice: User, by_button: HardwareToken, now: datetime
) -> None:
    HardwareToken.objects.filter(pk=by_button.pk).update(lost_at=now)
    assert not judge(alice, pressed(1), now).accepted
