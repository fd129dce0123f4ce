"""One app, judged by the service at moments given as an argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache

from accounts.models import User
from mfa import limits
from mfa.factors.totp import flows
from mfa.factors.totp.factor import token_of
from mfa.models import AuditEvent, AuthenticationRecord, Factor, GuessCounter
from mfa.oath.codes import Token
from mfa.oath.steps import drift_seconds
from mfa.outcomes import (
    ACCOUNT_LOCKED,
    OATH_DUPLICATE,
    OATH_INCORRECT,
    OATH_OUT_OF_DATE,
    OATH_VERIFIED,
    UNREADABLE,
    WRONG_SHAPE,
    ClockWrong,
    Replayed,
    WrongCode,
)
from tests.mfa.factors.apps import SECRET, STEP, app_of, judge, result_of, shown, wrong_code


@pytest.fixture
def app(alice: User, now: datetime) -> Factor:
    return app_of(alice, now=now)


def test_the_code_of_the_moment_is_right(alice: User, app: Factor, now: datetime) -> None:
    verdict = judge(alice, shown(app, now), now)
    assert verdict.accepted
    assert verdict.result is OATH_VERIFIED
    app.refresh_from_db()
    assert app.last_used_at == now
    assert app.last_used_for == "portal"
    assert app.state["last_step"] == token_of(app).step_at(now)


@pytest.mark.row("A-6.5.5")
@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_one_step_early_or_late_is_accepted_and_two_are_not(
    alice: User, app: Factor, now: datetime, steps: int, accepted: bool
) -> None:
    assert judge(alice, shown(app, now + STEP * steps), now).accepted is accepted


@pytest.mark.row("T-01")
@pytest.mark.row("A-6.5.1")
@pytest.mark.row("N-05")
def test_a_code_is_refused_the_second_time(alice: User, app: Factor, now: datetime) -> None:
    code = shown(app, now)
    assert judge(alice, code, now).accepted
    cache.clear()
    for later in (0, 1, 20, 29):
        verdict = judge(alice, code, now + timedelta(seconds=later))
        assert verdict.result is OATH_DUPLICATE
        assert isinstance(verdict.refused, Replayed)
        assert "used already" in verdict.refused.words
    assert AuthenticationRecord.objects.filter(user=alice, code=OATH_DUPLICATE.code, accepted=False).count() == 4


@pytest.mark.row("T-05")
def test_an_older_code_is_refused_after_a_newer_one(alice: User, app: Factor, now: datetime) -> None:
    assert judge(alice, shown(app, now), now).accepted
    assert result_of(alice, shown(app, now - STEP), now) is OATH_DUPLICATE


@pytest.mark.row("T-05")
def test_a_server_clock_that_goes_back_accepts_nothing_again(alice: User, app: Factor, now: datetime) -> None:
    assert judge(alice, shown(app, now), now).accepted
    earlier = now - timedelta(minutes=10)
    for moment in (earlier, now - STEP * 3, now - STEP, now):
        assert not judge(alice, shown(app, moment), moment).accepted
    verdict = judge(alice, shown(app, earlier + STEP), earlier)
    assert verdict.refused is not None
    assert "Codes count again from" in verdict.refused.words
    later = now + timedelta(hours=4)
    assert judge(alice, shown(app, later), later).accepted


@pytest.mark.parametrize("seconds", [-600, -94, -60, 60, 94, 600, 1190])
def test_a_wrong_clock_is_named_in_seconds(alice: User, app: Factor, now: datetime, seconds: int) -> None:
    verdict = judge(alice, shown(app, now + timedelta(seconds=seconds)), now)
    assert verdict.result is OATH_OUT_OF_DATE
    assert isinstance(verdict.refused, ClockWrong)
    assert abs(verdict.refused.drift_seconds - seconds) <= 15
    direction = "late" if seconds < 0 else "early"
    assert f"{abs(verdict.refused.drift_seconds)} seconds {direction}" in verdict.refused.words
    assert AuthenticationRecord.objects.get(user=alice).cause == f"{verdict.refused.drift_seconds:+d} s"


@pytest.mark.parametrize("offset", range(30))
def test_the_named_seconds_are_right_to_half_a_step(offset: int) -> None:
    token = Token(SECRET)
    now = datetime(2026, 3, 2, 9, 31, offset, tzinfo=UTC)
    for true_drift in (-94, 94):
        step = token.step_at(now + timedelta(seconds=true_drift))
        assert abs(drift_seconds(token, step, now) - true_drift) <= 15


@pytest.mark.row("T-06")
def test_explaining_gives_an_attacker_no_code_that_works_later(alice: User, app: Factor, now: datetime) -> None:
    """Whoever is told "5 minutes early" must not come back in five minutes with the same code."""
    in_five_minutes = now + timedelta(minutes=5)
    code = shown(app, in_five_minutes)
    assert result_of(alice, code, now) is OATH_OUT_OF_DATE
    for moment in (in_five_minutes - STEP, in_five_minutes, in_five_minutes + STEP):
        assert not judge(alice, code, moment).accepted
    assert judge(alice, shown(app, in_five_minutes + STEP), in_five_minutes + STEP).accepted


def test_a_code_of_another_hour_is_just_wrong(alice: User, app: Factor, now: datetime) -> None:
    verdict = judge(alice, shown(app, now + timedelta(hours=3)), now)
    assert verdict.result is OATH_INCORRECT
    assert isinstance(verdict.refused, WrongCode)


@pytest.mark.row("T-06")
def test_every_wrong_code_counts_as_a_guess_however_it_is_explained(alice: User, app: Factor, now: datetime) -> None:
    guesses = [wrong_code(app, now), shown(app, now + timedelta(minutes=5)), shown(app, now - timedelta(minutes=5))]
    for guess in guesses:
        judge(alice, guess, now)
    assert GuessCounter.objects.get(subject=limits.of_account(alice)).failures["totp"][0] == 3
    app.refresh_from_db()
    assert app.failures == 3


@pytest.mark.row("T-06")
def test_the_right_code_after_five_wrong_ones_has_to_wait(alice: User, app: Factor, now: datetime) -> None:
    for _ in range(limits.DELAY_FROM):
        assert result_of(alice, wrong_code(app, now), now) is OATH_INCORRECT
    assert result_of(alice, shown(app, now), now) is ACCOUNT_LOCKED
    later = now + limits.FIRST_DELAY
    assert judge(alice, shown(app, later), later).accepted


@pytest.mark.row("T-06")
@pytest.mark.row("N-14")
def test_fifty_wrong_codes_disable_the_app_for_good(alice: User, app: Factor, now: datetime) -> None:
    moment = now
    for _ in range(limits.FACTOR_CEILING):
        judge(alice, "000000", moment)
        moment += limits.LONGEST_DELAY
    a_year_later = moment + timedelta(days=365)
    assert not judge(alice, shown(app, a_year_later), a_year_later).accepted
    app.refresh_from_db()
    assert app.disabled_at is not None


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345a", "１２３４５６", "1" * 64, "ABCDEFGHJKMNPQRS"])
def test_what_cannot_be_a_code_costs_no_guess(alice: User, app: Factor, now: datetime, text: str) -> None:
    assert result_of(alice, text, now) is WRONG_SHAPE
    assert "totp" not in GuessCounter.objects.get(subject=limits.of_account(alice)).failures


@pytest.mark.parametrize(
    "parameters",
    [
        {"algorithm": "SHA256"},
        {"algorithm": "SHA512", "digits": 8},
        {"digits": 8, "period": 60},
        {"algorithm": "SHA256", "period": 120},
    ],
)
def test_other_algorithms_lengths_and_periods_work_alike(
    alice: User, now: datetime, parameters: dict[str, object]
) -> None:
    app = app_of(alice, now=now, **parameters)
    code = shown(app, now)
    assert judge(alice, code, now).accepted
    assert result_of(alice, code, now) is OATH_DUPLICATE


def test_two_apps_of_one_person_both_work(alice: User, app: Factor, now: datetime) -> None:
    other = flows.begin(alice, name="Tablet", now=now)
    flows.confirm(alice, other.pk, shown(other, now), now=now)
    later = now + STEP * 4
    assert judge(alice, shown(app, later), later).factor == app
    assert judge(alice, shown(other, later), later).factor == other


def test_an_app_whose_key_is_gone_says_so_and_costs_no_guess(alice: User, app: Factor, now: datetime) -> None:
    Factor.objects.filter(pk=app.pk).update(secret="gone:AAAA")
    assert result_of(alice, "123456", now) is UNREADABLE
    assert "totp" not in GuessCounter.objects.get(subject=limits.of_account(alice)).failures


@pytest.mark.row("T-42")
def test_a_secret_copied_to_another_person_is_worth_nothing(
    alice: User, app: Factor, make_user: object, now: datetime
) -> None:
    bob = make_user("bob")  # type: ignore[operator]
    stolen = app_of(bob, now=now)
    Factor.objects.filter(pk=stolen.pk).update(secret=app.secret)
    assert result_of(bob, shown(app, now), now) is UNREADABLE


def pair(factor: Factor, at: datetime) -> str:
    """The code an app showed a step before `at`, and the one it shows at `at`."""
    return shown(factor, at - STEP) + shown(factor, at)


@pytest.mark.parametrize("minutes", [-59, -5, 5, 59])
def test_two_codes_in_a_row_adjust_the_clock(alice: User, app: Factor, now: datetime, minutes: int) -> None:
    phone = timedelta(minutes=minutes)
    assert judge(alice, pair(app, now + phone), now).accepted
    assert not judge(alice, shown(app, now + phone), now).accepted
    later = now + STEP * 2
    assert judge(alice, shown(app, later + phone), later).accepted
    event = AuditEvent.objects.get(user=alice, action="factor.clock-adjusted")
    assert event.details["seconds"] == minutes * 60


@pytest.mark.row("T-05c")
def test_the_window_is_no_wider_after_an_adjustment(alice: User, app: Factor, now: datetime) -> None:
    phone = timedelta(minutes=5)
    judge(alice, pair(app, now + phone), now)
    later = now + STEP * 10
    for steps in (-3, -2, 2, 3):
        assert not judge(alice, shown(app, later + phone + STEP * steps), later).accepted


@pytest.mark.row("T-05c")
def test_used_codes_adjust_nothing(alice: User, app: Factor, now: datetime) -> None:
    first, second = shown(app, now), shown(app, now + STEP)
    assert judge(alice, first, now).accepted
    assert result_of(alice, first + second, now + STEP) is OATH_DUPLICATE
    both = pair(app, now + STEP * 3)
    assert judge(alice, both, now + STEP * 3).accepted
    assert result_of(alice, both, now + STEP * 3) is OATH_DUPLICATE


@pytest.mark.row("T-05c")
@pytest.mark.parametrize("gap", [-1, 0, 2, 3])
def test_codes_that_do_not_follow_each_other_adjust_nothing(alice: User, app: Factor, now: datetime, gap: int) -> None:
    codes = shown(app, now) + shown(app, now + STEP * gap)
    assert result_of(alice, codes, now) is OATH_INCORRECT
    app.refresh_from_db()
    assert app.state["drift"] == 0


@pytest.mark.row("T-05c")
def test_a_clock_more_than_an_hour_off_is_not_adjusted(alice: User, app: Factor, now: datetime) -> None:
    assert result_of(alice, pair(app, now + timedelta(minutes=62)), now) is OATH_INCORRECT


@pytest.mark.row("T-05c")
def test_failed_adjustments_count_as_guesses(alice: User, app: Factor, now: datetime) -> None:
    for _ in range(limits.DELAY_FROM):
        assert result_of(alice, wrong_code(app, now) * 2, now) is OATH_INCORRECT
    assert result_of(alice, pair(app, now), now) is ACCOUNT_LOCKED


@pytest.mark.row("T-05")
def test_no_older_step_passes_after_an_adjustment(alice: User, app: Factor, now: datetime) -> None:
    """Also with a drift, and with steps between the old and the new window."""
    assert judge(alice, pair(app, now + timedelta(minutes=5)), now).accepted
    for steps in range(-4, 11):
        assert not judge(alice, shown(app, now + STEP * steps), now).accepted


def test_a_phone_that_was_put_right_after_an_adjustment_is_told_what_to_do(
    alice: User, app: Factor, now: datetime
) -> None:
    assert judge(alice, pair(app, now - timedelta(minutes=10)), now).accepted
    later = now + timedelta(hours=1)
    verdict = judge(alice, shown(app, later), later)
    assert verdict.refused is not None
    assert "clock has changed since it was adjusted" in verdict.refused.words
    assert judge(alice, pair(app, later + STEP), later + STEP).accepted
    assert judge(alice, shown(app, later + STEP * 3), later + STEP * 3).accepted


def test_a_phone_that_was_ahead_and_is_put_right_hears_when_codes_count_again(
    alice: User, app: Factor, now: datetime
) -> None:
    assert judge(alice, pair(app, now + timedelta(minutes=40)), now).accepted
    later = now + timedelta(minutes=10)
    for answer in (shown(app, later), pair(app, later)):
        refused = judge(alice, answer, later).refused
        assert refused is not None
        assert "Codes count again from 10:11:30" in refused.words
    in_time = datetime(2026, 3, 2, 10, 12, 4, tzinfo=UTC)
    assert judge(alice, pair(app, in_time), in_time).accepted


@pytest.mark.row("N-15")
def test_using_one_app_often_does_not_disable_the_other(alice: User, app: Factor, now: datetime) -> None:
    other = flows.begin(alice, name="Tablet", now=now)
    flows.confirm(alice, other.pk, shown(other, now), now=now)
    for turn in range(1, 61):
        moment = now + timedelta(minutes=5 * turn)
        assert judge(alice, shown(other, moment), moment).accepted
    app.refresh_from_db()
    assert (app.failures, app.disabled_at) == (0, None)
