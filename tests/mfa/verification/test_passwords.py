"""The first step where the directory answers at some moments and not at others."""

from __future__ import annotations

from datetime import datetime

import pytest

from accounts.models import User
from accounts.passwords import DirectoryUnreachable
from mfa.limits import DELAY_FROM
from mfa.outcomes import ACCOUNT_LOCKED, DIRECTORY_UNREACHABLE, PASSWORD_WRONG, Refused, Result
from mfa.verification import passwords
from mfa.verification.passwords import Secret

RIGHT, WRONG, WHILE_AWAY = "tall trees 7", "small trees", "tall trees 8"


def judged_by_the_directory(username: str, password: str) -> User | None:
    if password == WHILE_AWAY:
        raise DirectoryUnreachable
    return User.objects.get(username=username) if password == RIGHT else None


def answer(password: str, now: datetime) -> Result | None:
    """Why the password is refused; None where it is not."""
    secret = Secret(judged_by_the_directory, PASSWORD_WRONG, "password")
    try:
        passwords.check("alice", password, address="192.0.2.7", now=now, secret=secret)
    except Refused as refused:
        return refused.result
    return None


@pytest.mark.row("T-06")
def test_a_directory_that_is_away_forgets_no_wrong_password_of_before(alice: User, now: datetime) -> None:
    """Else whoever keeps it busy guesses on without any delay."""
    for _ in range(DELAY_FROM - 1):
        assert answer(WRONG, now) is PASSWORD_WRONG
        assert answer(WHILE_AWAY, now) is DIRECTORY_UNREACHABLE
    assert answer(WRONG, now) is PASSWORD_WRONG
    assert answer(RIGHT, now) is ACCOUNT_LOCKED


@pytest.mark.row("F-01")
def test_what_nobody_could_judge_is_no_wrong_password(alice: User, now: datetime) -> None:
    for _ in range(3 * DELAY_FROM):
        assert answer(WHILE_AWAY, now) is DIRECTORY_UNREACHABLE
    assert answer(RIGHT, now) is None


def test_a_right_password_forgets_the_wrong_ones_of_before(alice: User, now: datetime) -> None:
    for password in (*[WRONG] * (DELAY_FROM - 1), RIGHT):
        answer(password, now)
    assert answer(WRONG, now) is PASSWORD_WRONG
    assert answer(RIGHT, now) is None
