"""The first step where the directory answers at some moments and not at others."""

from __future__ import annotations

from datetime import datetime

import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.passwords import DirectoryUnreachable
from mfa.limits import DELAY_FROM
from mfa.outcomes import ACCOUNT_LOCKED, DIRECTORY_UNREACHABLE, PASSWORD_WRONG, Refused, Result
from mfa.verification import passwords
from mfa.verification.passwords import PASSWORD, Secret
from tests.conftest import PASSWORD as OWN

RIGHT, WRONG, WHILE_AWAY = "tall trees 7", "small trees", "tall trees 8"


def judged_by_the_directory(username: str, password: str) -> User | None:
    if password == WHILE_AWAY:
        raise DirectoryUnreachable
    return User.objects.get(username=username) if password == RIGHT else None


JUDGED = Secret(judged_by_the_directory, PASSWORD_WRONG, "password")


@pytest.fixture
def of_the_directory(alice: User) -> None:
    alice.directory_id = "1001"
    alice.set_unusable_password()
    alice.save()


def answer(password: str, now: datetime, secret: Secret = JUDGED) -> Result | None:
    """Why the password is refused; None where it is not."""
    try:
        passwords.check("alice", password, address="192.0.2.7", now=now, secret=secret)
    except Refused as refused:
        return refused.result
    return None


@pytest.mark.row("T-06")
def test_a_directory_that_is_away_forgets_no_wrong_password_of_before(of_the_directory: None, now: datetime) -> None:
    """Else whoever keeps it busy guesses on without any delay."""
    for _ in range(DELAY_FROM - 1):
        assert answer(WRONG, now) is PASSWORD_WRONG
        assert answer(WHILE_AWAY, now) is DIRECTORY_UNREACHABLE
    assert answer(WRONG, now) is PASSWORD_WRONG
    assert answer(RIGHT, now) is ACCOUNT_LOCKED


@pytest.mark.row("F-01")
def test_what_nobody_could_judge_is_no_wrong_password(of_the_directory: None, now: datetime) -> None:
    for _ in range(3 * DELAY_FROM):
        assert answer(WHILE_AWAY, now) is DIRECTORY_UNREACHABLE
    assert answer(RIGHT, now) is None


def test_a_right_password_forgets_the_wrong_ones_of_before(of_the_directory: None, now: datetime) -> None:
    for password in (*[WRONG] * (DELAY_FROM - 1), RIGHT):
        answer(password, now)
    assert answer(WRONG, now) is PASSWORD_WRONG
    assert answer(RIGHT, now) is None


@pytest.mark.row("T-06")
def test_while_the_directory_is_away_guesses_at_a_password_that_the_portal_keeps_count(
    alice: User, now: datetime, settings: Settings
) -> None:
    """Whether it was wrong the portal knows, whoever else could not be asked."""
    settings.LDAP_URL = "ldap://directory.test"
    settings.LDAP_START_TLS = False
    for _ in range(DELAY_FROM):
        assert answer(WRONG, now, PASSWORD) is DIRECTORY_UNREACHABLE
    assert answer(OWN, now, PASSWORD) is ACCOUNT_LOCKED
