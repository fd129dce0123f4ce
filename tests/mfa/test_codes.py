from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection

from accounts.models import User
from mfa import codes
from mfa.kinds import Purpose
from mfa.models import OneTimeCode
from mfa.outcomes import SMS_INCORRECT, Expired, Refused, Replayed, WrongCode

LIFETIME = timedelta(minutes=5)


def issue(user: User, now: datetime, purpose: Purpose = Purpose.SIGN_IN) -> codes.Issued:
    return codes.issue(user, purpose, length=6, lifetime=LIFETIME, now=now)


def spend(
    user: User, issued: codes.Issued, text: str, now: datetime, purpose: Purpose = Purpose.SIGN_IN
) -> OneTimeCode:
    return codes.spend(user, purpose, issued.row.token, text, wrong=SMS_INCORRECT, now=now)


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


@pytest.mark.row("A-6.5.1")
def test_code_is_refused_the_second_time(alice: User, now: datetime) -> None:
    issued = issue(alice, now)
    spend(alice, issued, issued.code, now)
    with pytest.raises(Replayed):
        spend(alice, issued, issued.code, now)


@pytest.mark.row("A-6.5.5")
@pytest.mark.parametrize(("seconds", "accepted"), [(299, True), (300, False), (301, False), (86400, False)])
def test_code_lives_five_minutes(alice: User, now: datetime, seconds: int, accepted: bool) -> None:
    issued = issue(alice, now)
    later = now + timedelta(seconds=seconds)
    if accepted:
        assert spend(alice, issued, issued.code, later).ending == "spent"
    else:
        with pytest.raises(Expired):
            spend(alice, issued, issued.code, later)


@pytest.mark.row("A-6.6.3")
def test_five_wrong_tries_kill_the_code_even_if_the_sixth_is_right(alice: User, now: datetime) -> None:
    issued = issue(alice, now)
    for _ in range(codes.TRIES):
        with pytest.raises(WrongCode):
            spend(alice, issued, other_than(issued.code), now)
    with pytest.raises(Expired):
        spend(alice, issued, issued.code, now)


@pytest.mark.row("A-6.6.2")
def test_a_newer_code_ends_the_older_one(alice: User, now: datetime) -> None:
    first, second = issue(alice, now), issue(alice, now)
    with pytest.raises(Expired):
        spend(alice, first, first.code, now)
    assert spend(alice, second, second.code, now)


@pytest.mark.row("A-6.6.2")
def test_a_code_answers_only_the_challenge_that_sent_it(alice: User, now: datetime) -> None:
    issued = issue(alice, now)
    with pytest.raises(WrongCode):
        codes.spend(alice, Purpose.SIGN_IN, "another token", issued.code, wrong=SMS_INCORRECT, now=now)


@pytest.mark.row("A-6.6.2")
def test_a_code_for_one_purpose_is_worth_nothing_for_another(alice: User, now: datetime) -> None:
    issued = issue(alice, now, Purpose.CONFIRM_PHONE)
    with pytest.raises(WrongCode):
        spend(alice, issued, issued.code, now, Purpose.SIGN_IN)


@pytest.mark.row("A-6.6.2")
def test_a_code_of_one_person_is_worth_nothing_for_another(
    alice: User, make_user: Callable[..., User], now: datetime
) -> None:
    issued = issue(alice, now)
    with pytest.raises(WrongCode):
        spend(make_user("bob"), issued, issued.code, now)


@pytest.mark.row("T-58b")
def test_the_table_holds_no_code(alice: User, now: datetime) -> None:
    issued = issue(alice, now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM mfa_onetimecode")
        assert issued.code not in str(cursor.fetchall())


@pytest.mark.row("A-6.5.3")
def test_codes_are_spread_evenly_and_keep_leading_zeros(alice: User, now: datetime) -> None:
    issued = [codes.issue(alice, Purpose.SIGN_IN, length=60, lifetime=LIFETIME, now=now).code for _ in range(200)]
    digits = "".join(issued)
    assert {len(code) for code in issued} == {60}
    assert any(code.startswith("0") for code in issued)
    chi_square = sum((digits.count(str(d)) - 1200) ** 2 / 1200 for d in range(10))
    assert chi_square < 40  # 9 degrees of freedom: p is below 1e-5 beyond


@pytest.mark.row("T-71")
def test_a_code_from_the_future_is_refused(alice: User, now: datetime) -> None:
    issued = issue(alice, now)
    with pytest.raises(Refused):
        spend(alice, issued, issued.code, now - timedelta(hours=1))
