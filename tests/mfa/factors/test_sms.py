"""Codes by SMS: to usable numbers only, bound to the question, few, and judged like any other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from accounts.models import PhoneSource, User
from mfa import holdings, limits
from mfa.delivery import outbox
from mfa.factors.sms.factor import KIND
from mfa.kinds import Answer, Purpose
from mfa.models import Delivery, Factor, GuessCounter
from mfa.outcomes import (
    CODE_EXPIRED,
    CODE_SPENT,
    SMS_INCORRECT,
    SMS_VERIFIED,
    WRONG_SHAPE,
    Locked,
    Result,
    TooManyMessages,
    Unusable,
)
from mfa.verification.service import Attempt, challenge, verify
from tests.mfa.factors.phones import NEW, OLD, PREMIUM, code_to, other_than


@pytest.fixture
def owner(make_user: Callable[..., User]) -> User:
    """Somebody whose number came from the directory and was never touched."""
    return make_user("owner", phone=OLD, phone_source=PhoneSource.DIRECTORY)


def with_number(number: str) -> User:
    """One of many people, without a password."""
    return User.objects.create(username=f"user{User.objects.count()}", phone=number, password="!")


def ask(user: User, *, now: datetime, purpose: Purpose = Purpose.SIGN_IN) -> str:
    (factor,) = [factor for factor in holdings.usable(user, now=now) if factor.kind == "sms"]
    return challenge(factor, purpose=purpose, now=now).token


def was_sent(user: User, now: datetime) -> bool:
    try:
        ask(user, now=now)
    except TooManyMessages:
        return False
    return True


def say(user: User, text: str, token: str, *, now: datetime, purpose: Purpose = Purpose.SIGN_IN) -> Result:
    return verify(Attempt(user, Answer(text, purpose, token), "portal", "", kind="sms"), now=now).result


def test_a_number_is_enough_and_its_code_is_accepted_once(owner: User, now: datetime) -> None:
    token = ask(owner, now=now)
    code = code_to(OLD)
    assert say(owner, code, token, now=now) is SMS_VERIFIED
    assert say(owner, code, token, now=now) is CODE_SPENT
    assert Factor.objects.get(user=owner).last_used_at == now


def test_a_code_lives_five_minutes(owner: User, now: datetime) -> None:
    token = ask(owner, now=now)
    assert say(owner, code_to(OLD), token, now=now + timedelta(minutes=5)) is CODE_EXPIRED


@pytest.mark.row("A-6.6.2")
def test_a_code_answers_its_own_question_only(owner: User, make_user: Callable[..., User], now: datetime) -> None:
    first = ask(owner, now=now)
    old_code = code_to(OLD)
    later = now + timedelta(minutes=1)
    second = ask(owner, now=later)
    code = code_to(OLD)
    stranger = make_user("stranger", phone=NEW)
    assert say(owner, old_code, first, now=later) is CODE_EXPIRED
    assert say(owner, old_code, second, now=later) is SMS_INCORRECT
    assert say(owner, code, second, now=later, purpose=Purpose.PROOF) is SMS_INCORRECT
    assert say(stranger, code, second, now=later) is SMS_INCORRECT
    assert say(owner, code, second, now=later) is SMS_VERIFIED


def test_digits_that_answer_nothing_cost_no_guess(owner: User, now: datetime) -> None:
    assert say(owner, "123456", "", now=now) is WRONG_SHAPE
    assert not GuessCounter.objects.filter(failures__has_key="sms").exists()


@pytest.mark.parametrize("text", ["12345", "1234567", "12345a", "１２３４５６", "", "-12345"])
def test_what_has_not_six_digits_is_no_code(owner: User, now: datetime, text: str) -> None:
    assert say(owner, text, ask(owner, now=now), now=now) is WRONG_SHAPE


@pytest.mark.row("T-11c")
@pytest.mark.row("A-6.6.3")
def test_five_wrong_codes_kill_the_code(owner: User, now: datetime) -> None:
    token = ask(owner, now=now)
    code = code_to(OLD)
    for _ in range(5):
        assert say(owner, other_than(code), token, now=now) is SMS_INCORRECT
    assert say(owner, code, token, now=now + timedelta(minutes=1)) is CODE_EXPIRED


@pytest.mark.row("N-09")
def test_a_new_code_does_not_forget_wrong_ones(owner: User, now: datetime) -> None:
    token = ask(owner, now=now)
    for _ in range(4):
        say(owner, other_than(code_to(OLD)), token, now=now)
    later = now + timedelta(minutes=1)
    token = ask(owner, now=later)
    say(owner, other_than(code_to(OLD)), token, now=later)
    assert GuessCounter.objects.get(subject=limits.of_account(owner)).failures["sms"][0] == 5
    verdict = verify(Attempt(owner, Answer(code_to(OLD), Purpose.SIGN_IN, token), "portal", "", kind="sms"), now=later)
    assert isinstance(verdict.refused, Locked)
    (factor,) = holdings.usable(owner, now=later)
    with pytest.raises(Locked):
        challenge(factor, purpose=Purpose.SIGN_IN, now=later)


@pytest.mark.row("T-11c")
@pytest.mark.row("T-16")
def test_one_person_gets_one_a_minute_five_an_hour_ten_a_day(owner: User, now: datetime) -> None:
    moments = [now + timedelta(minutes=minute) for minute in range(0, 24 * 60, 10)]
    sent = [moment for moment in moments if was_sent(owner, moment)]
    assert len(sent) == 10
    assert sum(moment < now + timedelta(hours=1) for moment in sent) == 5
    ask(owner, now=now + timedelta(days=3))
    with pytest.raises(TooManyMessages):
        ask(owner, now=now + timedelta(days=3, seconds=59))


@pytest.mark.row("T-16")
def test_one_number_gets_five_an_hour_however_many_accounts_have_it(db: None, now: datetime) -> None:
    sent = sum(was_sent(with_number(OLD), now + timedelta(seconds=number * 3)) for number in range(50))
    assert sent == Delivery.objects.filter(recipient=OLD).count() == 5


@pytest.mark.row("T-18")
def test_the_deployment_has_a_budget_over_all_numbers(db: None, now: datetime) -> None:
    sent = sum(was_sent(with_number(f"+4917012345{number:02d}"), now) for number in range(40))
    assert sent == Delivery.objects.count() == 30


@pytest.mark.row("T-18")
@pytest.mark.parametrize(
    "number", [PREMIUM, "+19005551234", "+881612345678", "+88213123456", "+979123456789", "+493012345678"]
)
def test_a_number_that_costs_extra_is_no_factor_whoever_entered_it(
    make_user: Callable[..., User], now: datetime, number: str
) -> None:
    person = make_user("person", phone=number, phone_source=PhoneSource.DIRECTORY)
    assert holdings.usable(person, now=now) == []
    stored = Factor.objects.create(user=person, kind="sms", key=holdings.single_key(person), confirmed=True)
    with pytest.raises(Unusable):
        challenge(stored, purpose=Purpose.SIGN_IN, now=now)
    assert Delivery.objects.count() == 0


@pytest.mark.row("T-18")
def test_the_day_has_a_budget_of_codes_that_notices_do_not_use_up(
    owner: User, now: datetime, settings: Settings
) -> None:
    settings.SMS_PER_DAY = 2
    until = now + timedelta(days=7)
    for _ in range(3):
        outbox.queue_sms(owner, NEW, "phone-changed-for-you", {}, now=now, worth_until=until)
    people = [with_number(f"+4917012345{number:02d}") for number in range(3)]
    assert [was_sent(person, now) for person in people] == [True, True, False]
    assert was_sent(people[2], now + timedelta(days=1))


@pytest.mark.row("T-18")
def test_a_country_taken_off_the_list_is_off_for_numbers_of_the_directory_too(
    owner: User, now: datetime, settings: Settings
) -> None:
    (factor,) = holdings.usable(owner, now=now)
    settings.PHONE_COUNTRIES = frozenset({"AT", "CH"})
    assert holdings.usable(owner, now=now) == []
    with pytest.raises(Unusable):
        challenge(factor, purpose=Purpose.SIGN_IN, now=now)


def test_nothing_of_the_number_but_its_end_is_shown(owner: User, now: datetime) -> None:
    (factor,) = holdings.usable(owner, now=now)
    assert KIND.describe(factor) == "+49 *** **67"
