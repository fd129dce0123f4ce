"""One mOTP app, judged by the service at moments given as an argument."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from pytest_django import Settings

from accounts.models import User
from mfa import crypto, enrolment, kinds, limits
from mfa.applications import PORTAL, TRYING
from mfa.factors.motp import flows
from mfa.factors.motp.algorithm import Motp
from mfa.factors.motp.factor import KIND, motp_of
from mfa.factors.motp.refusals import JustExpired, SecretOrPinDiffers, UpperCase
from mfa.kinds import Answer
from mfa.models import Application, AuditEvent, Delivery, Factor, GuessCounter
from mfa.oath.steps import Overtaken
from mfa.outcomes import (
    ACCOUNT_LOCKED,
    KIND_NOT_TAKEN,
    MOTP_DIFFERS,
    OATH_DUPLICATE,
    OATH_OUT_OF_DATE,
    OATH_VERIFIED,
    TYPED_TOO_LATE,
    UNREADABLE,
    UPPER_CASE,
    WRONG_SHAPE,
    ClockWrong,
    Refused,
    Replayed,
)
from mfa.verification.service import Attempt, Verdict, verify
from tests.mfa.doors import add_factor

STEP = timedelta(seconds=10)
SECRET, PIN = "0123456789abcdef", "1234"


@pytest.fixture
def app(alice: User, now: datetime) -> Factor:
    """Set up long ago, by somebody who has another factor too."""
    add_factor(alice, state={"algorithm": "SHA1", "digits": 6, "period": 30})
    Application.objects.create(slug="vpn", name="VPN", kinds=["motp"])
    earlier = now - timedelta(days=30)
    motp = Motp(SECRET, PIN)
    waiting = flows.begin(alice, motp, name="Router", shown=True, now=earlier)
    return flows.confirm(alice, waiting.pk, motp.code(motp.step_at(earlier)), now=earlier)


def shown(at: datetime, *, pin: str = PIN, secret: str = SECRET) -> str:
    """What an app whose clock says `at` shows."""
    motp = Motp(secret, pin)
    return motp.code(motp.step_at(at))


def with_letters(at: datetime) -> datetime:
    """The first moment from `at` on whose code has a letter in it, so that its case can be wrong."""
    return next(at + STEP * steps for steps in range(100) if not shown(at + STEP * steps).isdigit())


def judge(user: User, text: str, now: datetime, application: str = "vpn") -> Verdict:
    return verify(Attempt(user, Answer(text), application, "192.0.2.7"), now=now)


def guesses(user: User) -> int:
    counter = GuessCounter.objects.get(subject=limits.of_account(user))
    return int(counter.failures.get("motp", [0])[0])


@pytest.mark.row("A-6.5.5")
@pytest.mark.parametrize(("steps", "accepted"), [(-4, False), (-3, True), (-1, True), (0, True), (3, True), (4, False)])
def test_codes_count_for_thirty_seconds_before_and_after(
    alice: User, app: Factor, now: datetime, steps: int, accepted: bool
) -> None:
    verdict = judge(alice, shown(now + STEP * steps), now)
    assert verdict.accepted is accepted
    assert (verdict.result is OATH_VERIFIED) is accepted


def test_the_tolerance_is_the_deployments_to_choose_for_new_apps(
    alice: User, app: Factor, now: datetime, settings: Settings
) -> None:
    settings.MOTP_TOLERANCE = 60
    motp = Motp("f" * 32, PIN)
    wide = flows.begin(alice, motp, name="Wide", shown=True, now=now)
    flows.confirm(alice, wide.pk, motp.code(motp.step_at(now)), now=now)
    later = now + timedelta(hours=1)
    assert judge(alice, shown(later - STEP * 6, secret="f" * 32), later).accepted
    assert not judge(alice, shown(later - STEP * 6), later).accepted


@pytest.mark.row("T-05b")
@pytest.mark.row("A-6.5.1")
def test_a_code_is_refused_the_second_time(alice: User, app: Factor, now: datetime) -> None:
    code = shown(now)
    assert judge(alice, code, now).accepted
    cache.clear()
    for later in (0, 9, 29):
        verdict = judge(alice, code, now + timedelta(seconds=later))
        assert verdict.result is OATH_DUPLICATE
        assert isinstance(verdict.refused, Replayed)


@pytest.mark.row("T-05")
def test_an_older_code_is_refused_after_a_newer_one(alice: User, app: Factor, now: datetime) -> None:
    assert judge(alice, shown(now), now).accepted
    assert judge(alice, shown(now - STEP), now).result is OATH_DUPLICATE
    back = now - timedelta(minutes=10)
    assert isinstance(judge(alice, shown(back), back).refused, Overtaken)


@pytest.mark.parametrize("seconds", [-600, -120, 50, 94, 600, 1190])
def test_a_wrong_clock_is_named_in_seconds(alice: User, app: Factor, now: datetime, seconds: int) -> None:
    verdict = judge(alice, shown(now + timedelta(seconds=seconds)), now)
    assert verdict.result is OATH_OUT_OF_DATE
    assert isinstance(verdict.refused, ClockWrong)
    assert abs(verdict.refused.drift_seconds - seconds) <= 5
    assert ("late" if seconds < 0 else "early") in verdict.refused.words


def test_a_code_of_a_moment_ago_expired_while_it_was_typed(alice: User, app: Factor, now: datetime) -> None:
    verdict = judge(alice, shown(now - timedelta(seconds=45)), now)
    assert isinstance(verdict.refused, JustExpired)
    assert verdict.result is TYPED_TOO_LATE
    assert "expired while it was typed" in verdict.refused.words


def test_right_but_in_upper_case_is_refused_with_its_cause_and_costs_nothing(
    alice: User, app: Factor, now: datetime
) -> None:
    now = with_letters(now)
    for _ in range(limits.DELAY_FROM + 1):
        verdict = judge(alice, shown(now).upper(), now)
        assert verdict.result is UPPER_CASE
        assert isinstance(verdict.refused, UpperCase)
    assert guesses(alice) == 0
    assert judge(alice, shown(now), now).accepted


@pytest.mark.row("T-06")
def test_upper_case_is_no_cheaper_way_to_guess(alice: User, app: Factor, now: datetime) -> None:
    """Wrong, early and used codes cost the same in either case, and what was spoken of stays spoken of."""
    late = with_letters(now + timedelta(minutes=5))
    used = with_letters(now)
    assert judge(alice, shown(used), used).accepted
    assert isinstance(judge(alice, shown(used).upper(), used).refused, Replayed)
    assert isinstance(judge(alice, "ABCDEF", used).refused, SecretOrPinDiffers)
    assert isinstance(judge(alice, shown(late).upper(), used).refused, ClockWrong)
    assert guesses(alice) == 3
    assert not judge(alice, shown(late), late).accepted


@pytest.mark.row("T-06")
def test_a_code_that_a_refusal_spoke_of_is_never_accepted(alice: User, app: Factor, now: datetime) -> None:
    in_five_minutes = now + timedelta(minutes=5)
    code = shown(in_five_minutes)
    assert judge(alice, code, now).result is OATH_OUT_OF_DATE
    for moment in (in_five_minutes - STEP * 3, in_five_minutes, in_five_minutes + STEP * 3):
        assert not judge(alice, code, moment).accepted
    assert judge(alice, shown(in_five_minutes + STEP), in_five_minutes + STEP).accepted


@pytest.mark.parametrize("other", [{"pin": "4321"}, {"secret": "fedcba9876543210"}])
def test_another_pin_or_secret_is_named_as_far_as_it_can_be(
    alice: User, app: Factor, now: datetime, other: dict[str, str]
) -> None:
    verdict = judge(alice, shown(now, **other), now)
    assert verdict.result is MOTP_DIFFERS
    assert isinstance(verdict.refused, SecretOrPinDiffers)
    assert "The secret or the PIN differs" in verdict.refused.words


@pytest.mark.row("T-06")
def test_the_right_code_after_five_wrong_ones_has_to_wait(alice: User, app: Factor, now: datetime) -> None:
    for _ in range(limits.DELAY_FROM):
        assert judge(alice, "ffffff", now).result is MOTP_DIFFERS
    assert judge(alice, shown(now), now).result is ACCOUNT_LOCKED
    later = now + limits.FIRST_DELAY
    assert judge(alice, shown(later), later).accepted


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345g", "１２３４５６", "a" * 13, "a" * 64])
def test_what_cannot_be_a_code_costs_no_guess(alice: User, app: Factor, now: datetime, text: str) -> None:
    assert judge(alice, text, now).result is WRONG_SHAPE
    assert guesses(alice) == 0


@pytest.mark.row("T-05c")
@pytest.mark.parametrize("minutes", [-50, 5, 59])
def test_two_codes_in_a_row_adjust_the_clock(alice: User, app: Factor, now: datetime, minutes: int) -> None:
    phone = timedelta(minutes=minutes)
    assert judge(alice, shown(now + phone - STEP) + shown(now + phone), now).accepted
    later = now + STEP * 2
    assert judge(alice, shown(later + phone), later).accepted
    assert AuditEvent.objects.get(action="factor.clock-adjusted").details["seconds"] == minutes * 60
    assert not judge(alice, shown(now + phone - STEP) + shown(now + phone), now).accepted


@pytest.mark.row("A-11.4.1")
def test_neither_the_portal_nor_an_application_that_does_not_list_it_takes_a_right_code(
    alice: User, app: Factor, now: datetime
) -> None:
    Application.objects.create(slug="other", name="Other")
    Factor.objects.filter(user=alice, kind="totp").delete()
    for application in (PORTAL, "other"):
        assert judge(alice, shown(now), now, application).result is KIND_NOT_TAKEN
    assert judge(alice, shown(now), now, TRYING).accepted
    assert not KIND.alone
    assert KIND.legacy


def test_it_is_nobodys_first_factor(alice: User, now: datetime) -> None:
    with pytest.raises(flows.NeedsAnother):
        flows.begin(alice, Motp(SECRET, PIN), name="Router", shown=True, now=now)


def test_it_goes_with_the_last_factor_that_can_stand_alone(alice: User, app: Factor, now: datetime) -> None:
    enrolment.remove(Factor.objects.get(user=alice, kind="totp"), actor=alice, now=now)
    assert not Factor.objects.filter(user=alice).exists()


def test_a_sixth_one_is_refused(alice: User, app: Factor, now: datetime) -> None:
    for number in range(1, flows.MOST):
        factor = flows.begin(alice, Motp(f"{number:016x}", PIN), name="More", shown=True, now=now)
        flows.confirm(alice, factor.pk, shown(now, secret=f"{number:016x}"), now=now)
    with pytest.raises(flows.TooMany):
        flows.begin(alice, Motp("a" * 16, PIN), name="Too many", shown=True, now=now)


def test_the_new_pin_counts_from_the_code_that_proves_it(alice: User, app: Factor, now: datetime) -> None:
    with pytest.raises(SecretOrPinDiffers):
        flows.change_pin(alice, app.pk, "777777", shown(now), now=now)
    assert judge(alice, shown(now), now).accepted
    later = now + STEP * 2
    alice.refresh_from_db()
    epoch = alice.security_epoch
    flows.change_pin(alice, app.pk, "777777", shown(later, pin="777777"), now=later)
    alice.refresh_from_db()
    assert alice.security_epoch == epoch + 1
    much_later = later + STEP
    assert isinstance(judge(alice, shown(much_later), much_later).refused, SecretOrPinDiffers)
    assert judge(alice, shown(much_later, pin="777777"), much_later).accepted
    assert AuditEvent.objects.filter(user=alice, action="factor.pin-changed").count() == 1
    assert Delivery.objects.filter(user=alice, template="factor-pin-changed", channel="mail").count() == 1


@pytest.mark.row("T-06")
def test_guessing_by_way_of_a_new_pin_is_limited_like_any_other(alice: User, app: Factor, now: datetime) -> None:
    """Also what is heard there of a code to come is worth nothing later."""
    soon = now + timedelta(minutes=5)
    with pytest.raises(ClockWrong):
        flows.change_pin(alice, app.pk, PIN, shown(soon), now=now)
    for _ in range(limits.DELAY_FROM - 1):
        with pytest.raises(SecretOrPinDiffers):
            flows.change_pin(alice, app.pk, PIN, "ffffff", now=now)
    with pytest.raises(Refused) as caught:
        flows.change_pin(alice, app.pk, PIN, shown(now), now=now)
    assert caught.value.result is ACCOUNT_LOCKED
    assert not judge(alice, shown(soon), soon).accepted


def test_a_new_secret_ends_the_old_one_only_when_it_is_confirmed(alice: User, app: Factor, now: datetime) -> None:
    with pytest.raises(SecretOrPinDiffers):
        flows.renew(alice, app.pk, "f" * 32, shown(now), now=now)
    assert judge(alice, shown(now), now).accepted
    later = now + STEP * 2
    renewed = flows.renew(alice, app.pk, "f" * 32, shown(later, secret="f" * 32), now=later)
    assert motp_of(renewed).pin == PIN
    assert Factor.objects.get(user=alice, kind="motp") == renewed
    much_later = later + STEP
    assert not judge(alice, shown(much_later), much_later).accepted
    assert judge(alice, shown(much_later, secret="f" * 32), much_later).accepted
    assert AuditEvent.objects.filter(action="factor.replaced").count() == 1


@pytest.mark.row("T-06", "T-11d")
def test_guessing_the_pin_by_way_of_a_new_secret_is_limited_and_clears_nothing(
    alice: User, app: Factor, now: datetime
) -> None:
    """Whoever knows the secret could else try one PIN after the other."""
    for pin in range(limits.DELAY_FROM):
        with pytest.raises(SecretOrPinDiffers):
            flows.renew(alice, app.pk, "f" * 32, shown(now, secret="f" * 32, pin=f"9{pin:03}"), now=now)
    with pytest.raises(Refused) as caught:
        flows.renew(alice, app.pk, "f" * 32, shown(now, secret="f" * 32), now=now)
    assert caught.value.result is ACCOUNT_LOCKED
    later = now + limits.FIRST_DELAY
    flows.renew(alice, app.pk, "f" * 32, shown(later, secret="f" * 32), now=later)
    assert guesses(alice) == limits.DELAY_FROM


def test_a_refused_renewal_leaves_what_the_old_secret_used(alice: User, app: Factor, now: datetime) -> None:
    code = shown(now)
    assert judge(alice, code, now).accepted
    with pytest.raises(ClockWrong):
        flows.renew(alice, app.pk, "f" * 32, shown(now + timedelta(minutes=9), secret="f" * 32), now=now)
    assert judge(alice, code, now).result is OATH_DUPLICATE


def test_made_secrets_are_random_and_of_the_length_asked_for() -> None:
    for length in (16, 32):
        made = {flows.new_secret(length) for _ in range(50)}
        assert len(made) == 50
        assert {len(secret) for secret in made} == {length}


def test_secret_and_pin_are_one_ciphertext_bound_to_its_row(alice: User, app: Factor) -> None:
    row = str(Factor.objects.filter(pk=app.pk).values().get())
    assert SECRET not in row
    assert f":{PIN}" not in row
    with pytest.raises(crypto.Undecryptable):
        crypto.decrypt(Factor.objects.get(pk=app.pk).secret, row="factor:0:motp:other")


def test_a_damaged_secret_is_said_to_be_unreadable(alice: User, app: Factor, now: datetime) -> None:
    app.seal(b"no colon here")
    app.save()
    assert judge(alice, shown(now), now).result is UNREADABLE
    assert kinds.kind("motp").describe(app)
