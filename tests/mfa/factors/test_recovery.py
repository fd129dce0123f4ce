"""One set of recovery codes, judged by the service at moments given as an argument."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from pytest_django import Settings

from accounts import users
from accounts.models import PhoneSource, User
from mfa import enrolment, holdings, kinds, limits
from mfa.delivery import outbox
from mfa.factors.recovery import codes, flows
from mfa.factors.recovery.factor import KIND
from mfa.factors.totp.factor import token_of
from mfa.kinds import Answer
from mfa.models import AuditEvent, AuthenticationRecord, Delivery, Factor, GuessCounter
from mfa.outcomes import (
    ACCOUNT_LOCKED,
    CODE_SPENT,
    NOTHING_ENROLLED,
    RECOVERY_INCORRECT,
    RECOVERY_VERIFIED,
    WRONG_SHAPE,
    Replayed,
    Result,
)
from mfa.verification.service import Attempt, Verdict, verify


@pytest.fixture
def phone(alice: User, now: datetime) -> Factor:
    """Another factor, which recovery codes need beside them."""
    return app_of(alice)


def app_of(user: User) -> Factor:
    factor = Factor(user=user, kind="totp", name="Phone", confirmed=True)
    factor.seal(b"12345678901234567890")
    factor.state = {"algorithm": "SHA1", "digits": 6, "period": 30}
    factor.save()
    return factor


def make_codes(user: User, now: datetime) -> list[str]:
    waiting = flows.begin(user, now=now)
    shown = flows.shown(waiting)
    flows.confirm(user, waiting.pk, shown[0], now=now)
    return shown


@pytest.fixture
def kept(alice: User, phone: Factor, now: datetime) -> list[str]:
    """The ten codes on Alice's paper."""
    return make_codes(alice, now)


def judge(user: User, text: str, now: datetime) -> Verdict:
    return verify(Attempt(user, Answer(text), "portal", "192.0.2.7", kind="recovery"), now=now)


def result_of(user: User, text: str, now: datetime) -> Result:
    return judge(user, text, now).result


@pytest.mark.row("T-04")
@pytest.mark.row("A-6.5.1")
@pytest.mark.row("N-17")
def test_each_code_works_once(alice: User, kept: list[str], now: datetime) -> None:
    for code in kept:
        assert result_of(alice, code, now) is RECOVERY_VERIFIED
        cache.clear()
    for code in kept[:3]:
        assert result_of(alice, code, now) is NOTHING_ENROLLED


def test_a_used_code_is_named_as_such(alice: User, kept: list[str], now: datetime) -> None:
    judge(alice, kept[0], now)
    verdict = judge(alice, kept[0], now)
    assert verdict.result is CODE_SPENT
    assert isinstance(verdict.refused, Replayed)
    assert "used already" in verdict.refused.words
    assert AuthenticationRecord.objects.filter(user=alice, code=CODE_SPENT.code).count() == 1


def test_the_code_typed_back_stays_good(alice: User, kept: list[str], now: datetime) -> None:
    assert KIND.left(Factor.objects.get(user=alice, kind="recovery")) == codes.HOW_MANY
    assert result_of(alice, kept[0], now) is RECOVERY_VERIFIED


def test_codes_are_read_as_people_type_them(alice: User, kept: list[str], now: datetime) -> None:
    spellings: list[Callable[[str], str]] = [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: f"  {code.replace('-', '  ')} ",
        lambda code: code.replace("0", "O").replace("1", "l"),
        lambda code: code.replace("0", "o").replace("1", "I"),
    ]
    for code, spelled in zip(kept, spellings, strict=False):
        assert result_of(alice, spelled(code), now) is RECOVERY_VERIFIED


@pytest.mark.parametrize(
    "text", ["", "ABCD", "A" * 15, "A" * 17, "UUUU-UUUU-UUUU-UUUU", "ABCD-EFGH-JKMN-PQR!", "é" * 16]
)
def test_what_cannot_be_a_code_costs_no_guess(alice: User, kept: list[str], now: datetime, text: str) -> None:
    assert result_of(alice, text, now) is WRONG_SHAPE
    assert "recovery" not in GuessCounter.objects.get(subject=limits.of_account(alice)).failures


@pytest.mark.row("T-06")
def test_wrong_codes_count_and_delay(alice: User, kept: list[str], now: datetime) -> None:
    right = codes.read(kept[0])
    for number in range(limits.DELAY_FROM):
        guess = right[:-1] + codes.ALPHABET[(codes.ALPHABET.index(right[-1]) + number + 1) % 32]
        assert result_of(alice, guess, now) is RECOVERY_INCORRECT
    assert result_of(alice, kept[0], now) is ACCOUNT_LOCKED
    assert result_of(alice, kept[0], now + limits.FIRST_DELAY) is RECOVERY_VERIFIED


@pytest.mark.row("T-42")
def test_codes_of_somebody_else_are_worth_nothing(
    alice: User, kept: list[str], make_user: Callable[..., User], now: datetime
) -> None:
    bob = make_user("bob")
    app_of(bob)
    make_codes(bob, now)
    assert result_of(bob, kept[0], now) is RECOVERY_INCORRECT
    assert result_of(alice, kept[0], now) is RECOVERY_VERIFIED


@pytest.mark.row("A-6.5.2")
@pytest.mark.row("T-43")
@pytest.mark.row("N-18")
def test_only_salted_slow_hashes_of_the_codes_are_kept(alice: User, kept: list[str], now: datetime) -> None:
    factor = Factor.objects.get(user=alice, kind="recovery")
    stored = json.loads(factor.unseal())["codes"]
    for one, code in zip(stored, kept, strict=True):
        assert one["hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert codes.read(code)[codes.INDEX :] not in json.dumps(stored)
    assert all(codes.read(code) not in str(Factor.objects.values().get(pk=factor.pk)) for code in kept)
    assert codes.Kept.of(codes.read(kept[0])).hash != stored[0]["hash"]


@pytest.mark.row("A-6.5.4")
@pytest.mark.row("N-18")
def test_at_least_64_bits_of_a_code_stay_hidden() -> None:
    hidden = (codes.LENGTH - codes.INDEX) * math.log2(len(codes.ALPHABET))
    assert hidden >= 64
    drawn = [code for _ in range(300) for code in codes.draw()]
    assert len(set(drawn)) == len(drawn)
    for position in range(codes.LENGTH):
        assert {code[position] for code in drawn} == set(codes.ALPHABET)


def test_no_two_codes_of_a_set_begin_alike() -> None:
    for _ in range(50):
        drawn = codes.draw()
        assert len({code[: codes.INDEX] for code in drawn}) == len(drawn) == codes.HOW_MANY


def test_a_guess_costs_one_hash_whether_or_not_a_code_begins_like_it(
    alice: User, kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    real = codes._HASHER

    class Counting:
        def verify(self, known: str, code: str) -> bool:
            checked.append(code)
            return real.verify(known, code)

        def hash(self, code: str) -> str:
            return real.hash(code)

    monkeypatch.setattr(codes, "_HASHER", Counting())
    held = [codes.Kept.of(codes.read(code)) for code in kept[:2]]
    indexes = {one.index for one in held}
    nobodys = next(letter * 16 for letter in codes.ALPHABET if letter * 3 not in indexes)
    for guess in (nobodys, held[0].index + "A" * 13, codes.read(kept[0])):
        checked.clear()
        codes.find(held, guess)
        assert len(checked) == 1


@pytest.mark.row("T-44")
@pytest.mark.row("N-18")
def test_old_codes_die_together_when_new_ones_are_confirmed(alice: User, kept: list[str], now: datetime) -> None:
    waiting = flows.begin(alice, now=now)
    assert result_of(alice, kept[1], now) is RECOVERY_VERIFIED
    fresh = flows.shown(waiting)
    flows.confirm(alice, waiting.pk, fresh[3], now=now)
    assert [result_of(alice, code, now) for code in kept[2:5]] == [RECOVERY_INCORRECT] * 3
    assert result_of(alice, fresh[3], now) is RECOVERY_VERIFIED
    assert Factor.objects.filter(user=alice, kind="recovery").count() == 1
    assert Delivery.objects.filter(user=alice, template="factor-replaced").count() == 1


def test_new_codes_do_not_work_before_one_is_typed_back(alice: User, kept: list[str], now: datetime) -> None:
    waiting = flows.begin(alice, now=now)
    assert result_of(alice, flows.shown(waiting)[0], now) is RECOVERY_INCORRECT


def test_typing_back_something_else_confirms_nothing(alice: User, phone: Factor, now: datetime) -> None:
    waiting = flows.begin(alice, now=now)
    with pytest.raises(flows.NotOfTheSet):
        flows.confirm(alice, waiting.pk, "AAAA-AAAA-AAAA-AAAA", now=now)
    assert KIND.slug not in {factor.kind for factor in holdings.usable(alice, now=now)}


def test_ten_wrong_ones_typed_back_end_the_set_and_lock_nobody(alice: User, phone: Factor, now: datetime) -> None:
    waiting = flows.begin(alice, now=now)
    shown = flows.shown(waiting)
    for _ in range(enrolment.TRIES):
        with pytest.raises(flows.NotOfTheSet):
            flows.confirm(alice, waiting.pk, "AAAA-AAAA-AAAA-AAAA", now=now)
    with pytest.raises(flows.NothingWaiting):
        flows.confirm(alice, waiting.pk, shown[0], now=now)
    assert not any(GuessCounter.objects.filter(subject=limits.of_account(alice)).values_list("failures", flat=True))


@pytest.mark.row("T-46")
def test_a_waiting_set_expires_and_a_new_start_discards_it(alice: User, phone: Factor, now: datetime) -> None:
    first = flows.begin(alice, now=now)
    shown = flows.shown(first)
    second = flows.begin(alice, now=now)
    with pytest.raises(flows.NothingWaiting):
        flows.confirm(alice, first.pk, shown[0], now=now)
    with pytest.raises(flows.NothingWaiting):
        flows.confirm(alice, second.pk, flows.shown(second)[0], now=now + enrolment.PENDING_FOR)


@pytest.mark.row("T-46")
def test_nobody_sees_or_confirms_the_waiting_set_of_somebody_else(
    alice: User, phone: Factor, make_user: Callable[..., User], now: datetime
) -> None:
    bob = make_user("bob")
    app_of(bob)
    waiting = flows.begin(alice, now=now)
    with pytest.raises(flows.NothingWaiting):
        flows.waiting(bob, waiting.pk, now=now)
    with pytest.raises(flows.NothingWaiting):
        flows.confirm(bob, waiting.pk, flows.shown(waiting)[0], now=now)


def test_codes_are_not_shown_again_once_confirmed(alice: User, phone: Factor, now: datetime) -> None:
    waiting = flows.begin(alice, now=now)
    flows.confirm(alice, waiting.pk, flows.shown(waiting)[0], now=now)
    with pytest.raises(flows.NothingWaiting):
        flows.waiting(alice, waiting.pk, now=now)


@pytest.mark.row("T-22c")
def test_recovery_codes_are_never_the_only_factor(alice: User, now: datetime) -> None:
    with pytest.raises(flows.NeedsAnother):
        flows.begin(alice, now=now)


@pytest.mark.row("T-22c")
def test_a_set_cannot_be_confirmed_after_the_other_factor_is_gone(alice: User, phone: Factor, now: datetime) -> None:
    waiting = flows.begin(alice, now=now)
    shown = flows.shown(waiting)
    enrolment.remove(phone, actor=alice, now=now)
    with pytest.raises((flows.NeedsAnother, flows.NothingWaiting)):
        flows.confirm(alice, waiting.pk, shown[0], now=now)
    assert not holdings.usable(alice, now=now)


@pytest.mark.row("T-22c")
def test_removing_the_last_other_factor_takes_the_codes_along(
    alice: User, phone: Factor, kept: list[str], now: datetime
) -> None:
    enrolment.remove(phone, actor=alice, now=now)
    assert not Factor.objects.filter(user=alice).exists()


def test_the_owner_is_told_by_mail_when_a_code_is_used(alice: User, kept: list[str], now: datetime) -> None:
    judge(alice, kept[0], now)
    message = Delivery.objects.get(user=alice, template="recovery-used")
    assert message.recipient == alice.email
    assert "9" in outbox.read(message)
    assert not any(code in outbox.read(message) for code in kept)


@pytest.mark.row("N-22")
def test_whoever_came_back_by_a_code_is_told_on_every_address_and_whom_to_tell(
    alice: User, kept: list[str], now: datetime, settings: Settings
) -> None:
    settings.HELPDESK_CONTACT = "+49 30 1234567"
    users.set_phone(alice, "+4917012345678", source=PhoneSource.SELF, confirmed_at=now, actor=alice)
    judge(User.objects.get(pk=alice.pk), kept[0], now)
    told = {row.channel: outbox.read(row) for row in Delivery.objects.filter(template="recovery-used")}
    assert set(told) == {"mail", "sms"}
    assert all("+49 30 1234567" in text for text in told.values())
    assert "If it was not you, change your password and tell helpdesk now" in told["mail"]


def test_nobody_is_told_of_a_wrong_code(alice: User, kept: list[str], now: datetime) -> None:
    judge(alice, "AAAA-AAAA-AAAA-AAAA", now)
    assert not Delivery.objects.filter(user=alice, template="recovery-used").exists()


def test_a_used_up_set_is_no_way_in_any_more(alice: User, kept: list[str], now: datetime) -> None:
    for code in kept[:-1]:
        judge(alice, code, now)
    assert "recovery" in {factor.kind for factor in holdings.usable(alice, now=now)}
    judge(alice, kept[-1], now)
    assert "recovery" not in {factor.kind for factor in holdings.usable(alice, now=now)}
    assert Factor.objects.filter(user=alice, kind="recovery").exists()


def test_a_used_up_set_is_replaced_by_a_new_one(alice: User, kept: list[str], now: datetime) -> None:
    for code in kept:
        judge(alice, code, now)
    fresh = make_codes(alice, now + timedelta(hours=1))
    assert result_of(alice, fresh[5], now + timedelta(hours=1)) is RECOVERY_VERIFIED
    assert Factor.objects.filter(user=alice, kind="recovery").count() == 1


def test_the_trail_names_no_code(alice: User, kept: list[str], now: datetime) -> None:
    judge(alice, kept[0], now)
    rows = str(list(AuditEvent.objects.values())) + str(list(AuthenticationRecord.objects.values()))
    assert not any(code in rows or codes.read(code) in rows for code in kept)


def test_the_kind_is_offered_after_all_others() -> None:
    assert all(kind.rank <= KIND.rank for kind in kinds.registry().values() if kind.signs_in)
    assert KIND.single
    assert not KIND.alone


def wrong_guess(user: User, kind: str, moment: datetime) -> Verdict:
    text = "000000" if kind == "totp" else "AAAA-AAAA-AAAA-AAAA"
    return verify(Attempt(user, Answer(text), "portal", "192.0.2.7", kind=kind), now=moment)


@pytest.mark.row("T-08")
def test_guesses_spread_over_kinds_end_at_the_ceiling_of_the_account(
    alice: User, kept: list[str], now: datetime
) -> None:
    moment = now
    for _ in range(limits.ACCOUNT_CEILING // 2):
        moment += limits.LONGEST_DELAY
        for kind in ("totp", "recovery"):
            wrong_guess(alice, kind, moment)
    a_year_later = moment + timedelta(days=365)
    fresh = app_of(alice)
    token = token_of(fresh)
    verdict = verify(
        Attempt(alice, Answer(token.code(token.step_at(a_year_later))), "portal", "192.0.2.7"), now=a_year_later
    )
    assert verdict.result is ACCOUNT_LOCKED
    assert verdict.refused is not None
    assert "until helpdesk unlocks it" in verdict.refused.words


@pytest.mark.row("T-08")
@pytest.mark.row("N-15")
def test_a_right_code_of_one_kind_forgives_no_guesses_at_another(
    alice: User, phone: Factor, kept: list[str], now: datetime
) -> None:
    for _ in range(3):
        wrong_guess(alice, "totp", now)
    assert result_of(alice, kept[0], now) is RECOVERY_VERIFIED
    assert GuessCounter.objects.get(subject=limits.of_account(alice)).failures["totp"][0] == 3
