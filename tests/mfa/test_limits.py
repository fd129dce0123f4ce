from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from mfa import limits
from mfa.models import GuessCounter
from mfa.outcomes import Locked


@pytest.fixture
def counter(db: None) -> GuessCounter:
    return limits.lock("user:1")


def fail_times(counter: GuessCounter, kind: str, times: int, now: datetime) -> None:
    for _ in range(times):
        limits.fail(counter, kind, now=now)


@pytest.mark.row("A-6.1.1")
@pytest.mark.parametrize(
    ("failures", "seconds"), [(4, 0), (5, 30), (6, 60), (7, 120), (11, 1920), (12, 3600), (20, 3600)]
)
def test_delay_starts_at_the_fifth_failure_and_doubles_to_an_hour(
    counter: GuessCounter, now: datetime, failures: int, seconds: int
) -> None:
    fail_times(counter, "totp", failures, now)
    until = limits.delayed_until(counter, "totp", now=now)
    assert until == (now + timedelta(seconds=seconds) if seconds else None)


@pytest.mark.row("N-16")
def test_after_the_delay_one_guess_is_judged_again(counter: GuessCounter, now: datetime) -> None:
    fail_times(counter, "totp", 5, now)
    with pytest.raises(Locked):
        limits.check(counter, "totp", now=now + timedelta(seconds=29))
    limits.check(counter, "totp", now=now + timedelta(seconds=30))


@pytest.mark.row("N-15")
def test_a_right_code_clears_the_failures_of_its_own_kind_only(counter: GuessCounter, now: datetime) -> None:
    fail_times(counter, "totp", 5, now)
    fail_times(counter, "sms", 5, now)
    limits.clear(counter, "totp")
    limits.check(counter, "totp", now=now)
    with pytest.raises(Locked):
        limits.check(counter, "sms", now=now)


@pytest.mark.row("T-08")
def test_a_hundred_failures_over_all_kinds_lock_the_account_until_a_person_unlocks_it(
    counter: GuessCounter, now: datetime
) -> None:
    for kind in ("totp", "sms", "recovery", "motp"):
        fail_times(counter, kind, 25, now)
    with pytest.raises(Locked) as locked:
        limits.check(counter, "webauthn", now=now + timedelta(days=365))
    assert locked.value.until is None


@pytest.mark.row("T-11d")
def test_counts_survive_in_the_database(counter: GuessCounter, now: datetime) -> None:
    fail_times(counter, "totp", 5, now)
    assert limits.delayed_until(limits.lock("user:1"), "totp", now=now)


@pytest.mark.row("T-71")
def test_a_clock_that_stepped_back_does_not_lock_for_longer_than_the_longest_delay(
    counter: GuessCounter, now: datetime
) -> None:
    fail_times(counter, "totp", 5, now + timedelta(days=30))
    assert limits.delayed_until(counter, "totp", now=now) == now + limits.LONGEST_DELAY
