"""One app, judged by the service at moments given as an argument."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.core.cache import cache
from django.test import override_settings

from accounts.models import User
from mfa import crypto, enrolment, limits, qr
from mfa.factors.totp import flows, provisioning
from mfa.factors.totp.factor import KIND, token_of
from mfa.kinds import Answer
from mfa.models import AuditEvent, AuthenticationRecord, Delivery, Factor, GuessCounter
from mfa.oath.codes import Token
from mfa.oath.steps import Memory, drift_seconds
from mfa.outcomes import (
    ACCOUNT_LOCKED,
    OATH_DUPLICATE,
    OATH_INCORRECT,
    OATH_OUT_OF_DATE,
    OATH_VERIFIED,
    UNREADABLE,
    WRONG_SHAPE,
    ClockWrong,
    Refused,
    Replayed,
    Result,
    WrongCode,
)
from mfa.verification.service import Attempt, Verdict, verify

STEP = timedelta(seconds=30)
SECRET = b"12345678901234567890"


def app_of(user: User, *, now: datetime, **parameters: object) -> Factor:
    """An app whose first code was used long before `now`."""
    token = Token(SECRET, **parameters)  # type: ignore[arg-type]
    factor = Factor(user=user, kind="totp", name="Phone", confirmed=True, created_at=now)
    factor.seal(SECRET)
    factor.state = {"algorithm": token.algorithm, "digits": token.digits, "period": token.period}
    factor.state |= Memory(last=token.step_at(now) - 100_000).state()
    factor.save()
    return factor


@pytest.fixture
def app(alice: User, now: datetime) -> Factor:
    return app_of(alice, now=now)


def shown(factor: Factor, at: datetime) -> str:
    """What an app whose clock says `at` shows."""
    token = token_of(factor)
    return token.code(token.step_at(at))


def judge(user: User, text: str, now: datetime) -> Verdict:
    return verify(Attempt(user, Answer(text), "portal", "192.0.2.7", kind="totp"), now=now)


def result_of(user: User, text: str, now: datetime) -> Result:
    return judge(user, text, now).result


def wrong_code(factor: Factor, now: datetime) -> str:
    """A code of no moment near `now`."""
    near = {shown(factor, now + STEP * steps) for steps in range(-250, 250)}
    return next(f"{number:06d}" for number in range(1_000_000) if f"{number:06d}" not in near)


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


@pytest.mark.row("N-01")
@pytest.mark.row("A-6.5.3")
def test_secrets_have_160_bits_and_are_never_the_same(alice: User, now: datetime) -> None:
    secrets = {token_of(flows.begin(alice, name="Phone", now=now)).secret for _ in range(50)}
    assert {len(secret) for secret in secrets} == {20}
    assert len(secrets) == 50


def test_an_app_counts_only_after_its_first_right_code(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    assert enrolment.usable(alice, now=now) == []
    with pytest.raises(Refused):
        flows.confirm(alice, factor.pk, wrong_code(factor, now), now=now)
    assert enrolment.usable(alice, now=now) == []
    flows.confirm(alice, factor.pk, shown(factor, now), now=now)
    assert enrolment.usable(alice, now=now) == [factor]
    assert AuditEvent.objects.filter(user=alice, action="factor.added").count() == 1
    assert Delivery.objects.filter(user=alice, template="factor-added").count() == 1


@pytest.mark.row("T-01")
def test_the_first_code_cannot_be_used_to_sign_in(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    code = shown(factor, now)
    flows.confirm(alice, factor.pk, code, now=now)
    assert result_of(alice, code, now) is OATH_DUPLICATE


def test_a_wrong_clock_is_named_while_setting_up(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    with pytest.raises(ClockWrong) as caught:
        flows.confirm(alice, factor.pk, shown(factor, now - timedelta(seconds=94)), now=now)
    assert abs(caught.value.drift_seconds + 94) <= 15


@pytest.mark.row("T-46")
def test_a_new_start_discards_the_waiting_app(alice: User, now: datetime) -> None:
    planted = flows.begin(alice, name="Phone", now=now)
    flows.begin(alice, name="Phone", now=now)
    with pytest.raises(flows.NothingWaiting):
        flows.confirm(alice, planted.pk, shown(planted, now), now=now)


@pytest.mark.row("T-46")
def test_a_waiting_app_expires(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    late = now + enrolment.PENDING_FOR
    with pytest.raises(flows.NothingWaiting):
        flows.confirm(alice, factor.pk, shown(factor, late), now=late)


@pytest.mark.row("T-46")
def test_nobody_confirms_the_waiting_app_of_somebody_else(alice: User, make_user: object, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    with pytest.raises(flows.NothingWaiting):
        flows.confirm(make_user("bob"), factor.pk, shown(factor, now), now=now)  # type: ignore[operator]


def test_ten_wrong_codes_end_a_set_up_and_lock_nobody(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    for _ in range(enrolment.TRIES):
        with pytest.raises(WrongCode):
            flows.confirm(alice, factor.pk, wrong_code(factor, now), now=now)
    with pytest.raises(flows.NothingWaiting):
        flows.confirm(alice, factor.pk, shown(factor, now), now=now)
    assert not any(GuessCounter.objects.filter(subject=limits.of_account(alice)).values_list("failures", flat=True))


def test_a_sixth_app_is_refused(alice: User, now: datetime) -> None:
    for number in range(flows.MOST):
        moment = now + STEP * number
        factor = flows.begin(alice, name=enrolment.free_name(alice, "totp"), now=moment)
        flows.confirm(alice, factor.pk, shown(factor, moment), now=moment)
    with pytest.raises(flows.TooMany) as caught:
        flows.begin(alice, name="One more", now=now)
    assert "5 authenticator apps" in caught.value.words
    names = {factor.name for factor in Factor.objects.filter(user=alice)}
    assert names == {"Authenticator app", *(f"Authenticator app {number}" for number in range(2, 6))}


def test_a_new_phone_takes_over_in_one_moment(alice: User, app: Factor, now: datetime) -> None:
    new = flows.begin(alice, name=app.name, now=now, replaces=app)
    assert judge(alice, shown(app, now), now).accepted
    later = now + STEP * 2
    flows.confirm(alice, new.pk, shown(new, later), now=later)
    much_later = later + STEP * 2
    assert not judge(alice, shown(app, much_later), much_later).accepted
    assert judge(alice, shown(new, much_later), much_later).factor == new
    assert Factor.objects.filter(user=alice, kind="totp").count() == 1
    assert AuditEvent.objects.filter(user=alice, action="factor.replaced").count() == 1


def test_a_phone_that_was_never_confirmed_leaves_the_old_one_alone(alice: User, app: Factor, now: datetime) -> None:
    flows.begin(alice, name=app.name, now=now, replaces=app)
    late = now + timedelta(days=1)
    assert judge(alice, shown(app, late), late).accepted


@override_settings(TOTP_ALGORITHM="SHA256", TOTP_DIGITS=8, TOTP_PERIOD=60)
def test_the_deployment_may_choose_algorithm_digits_and_period(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    address = provisioning.address(token_of(factor), issuer="Portal", account="alice")
    assert "algorithm=SHA256&digits=8&period=60" in address
    flows.confirm(alice, factor.pk, shown(factor, now), now=now)
    assert KIND.describe(factor) == "8 digits, new every 60 seconds"


def test_the_secret_is_ciphertext_bound_to_its_row(alice: User, now: datetime) -> None:
    factor = flows.begin(alice, name="Phone", now=now)
    row = Factor.objects.values().get(pk=factor.pk)
    secret = factor.unseal()
    for form in (secret.hex(), base64.b32encode(secret).decode(), base64.b64encode(secret).decode()):
        assert form not in str(row)
    with pytest.raises(crypto.Undecryptable):
        crypto.decrypt(row["secret"], row="factor:0:totp:other")


def test_the_address_names_issuer_and_account() -> None:
    parts = urlsplit(provisioning.address(Token(SECRET), issuer="Example & Sons", account="ann+b@example.test"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Example & Sons:ann+b@example.test"
    assert " " not in parts.path + parts.query
    query = parse_qs(parts.query)
    assert query["issuer"] == ["Example & Sons"]
    assert base64.b32decode(query["secret"][0]) == SECRET
    assert (query["algorithm"], query["digits"], query["period"]) == (["SHA1"], ["6"], ["30"])


@pytest.mark.parametrize("nasty", ["a:b", "a/b?c=d#e", "<b>", "ä \n ö", '"', "%3A"])
def test_no_name_breaks_out_of_the_address(nasty: str) -> None:
    parts = urlsplit(provisioning.address(Token(SECRET), issuer=nasty, account=nasty))
    assert parts.path.count(":") == 1
    assert set(parse_qs(parts.query)) == {"secret", "issuer", "algorithm", "digits", "period"}


def test_the_key_to_type_comes_in_groups_of_four() -> None:
    grouped = provisioning.grouped(provisioning.key(Token(SECRET)))
    assert [len(group) for group in grouped.split(" ")] == [4] * 8
    assert base64.b32decode(grouped.replace(" ", "")) == SECRET


def test_the_qr_code_is_a_picture_without_script_or_style_and_with_a_quiet_zone() -> None:
    drawing = ElementTree.fromstring(qr.svg("otpauth://totp/x?secret=ABC"))
    assert {element.tag.rpartition("}")[2] for element in drawing.iter()} == {"svg", "path"}
    assert not any("style" in element.attrib or "onload" in element.attrib for element in drawing.iter())
    path = next(element for element in drawing.iter() if element.tag.endswith("path"))
    assert path.attrib["d"].startswith(f"M{qr.QUIET_ZONE},{qr.QUIET_ZONE}")


@pytest.mark.row("N-15")
def test_using_one_app_often_does_not_disable_the_other(alice: User, app: Factor, now: datetime) -> None:
    other = flows.begin(alice, name="Tablet", now=now)
    flows.confirm(alice, other.pk, shown(other, now), now=now)
    for turn in range(1, 61):
        moment = now + timedelta(minutes=5 * turn)
        assert judge(alice, shown(other, moment), moment).accepted
    app.refresh_from_db()
    assert (app.failures, app.disabled_at) == (0, None)
