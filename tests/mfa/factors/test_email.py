"""Codes by mail: to a confirmed mailbox only, for applications that list them, few, and judged like any other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from mfa import enrolment, holdings, kinds, reckoning
from mfa.applications import TRYING
from mfa.delivery import outbox
from mfa.factors.email import addresses, flows
from mfa.factors.email.factor import KIND
from mfa.kinds import Answer, Purpose
from mfa.models import Application, AuditEvent, Delivery, Factor, GuessCounter, OneTimeCode, Rule
from mfa.outcomes import (
    CODE_EXPIRED,
    CODE_SPENT,
    EMAIL_INCORRECT,
    EMAIL_VERIFIED,
    KIND_NOT_TAKEN,
    SMS_INCORRECT,
    SMS_VERIFIED,
    WRONG_SHAPE,
    Locked,
    Result,
    TooManyMessages,
    Unusable,
    WrongCode,
)
from mfa.pages import ways
from mfa.verification.service import Attempt, challenge, verify
from tests.mfa.doors import add_factor
from tests.mfa.factors.mailboxes import confirm, vpn
from tests.mfa.factors.phones import OLD, code_to, last_to, other_than

MAIL = "alice@example.test"


@pytest.fixture
def owner(alice: User, now: datetime) -> User:
    vpn()
    confirm(alice, now=now)
    return alice


def mail_factor(user: User, *, now: datetime) -> Factor:
    (factor,) = [factor for factor in holdings.usable(user, now=now) if factor.kind == "email"]
    return factor


def ask(user: User, *, now: datetime, purpose: Purpose = Purpose.SIGN_IN) -> str:
    return challenge(mail_factor(user, now=now), purpose=purpose, now=now).token


def say(
    user: User, text: str, token: str, *, now: datetime, application: str = "vpn", kind: str = "",
    purpose: Purpose = Purpose.SIGN_IN,
) -> Result:  # fmt: skip
    return verify(Attempt(user, Answer(text, purpose, token), application, "", kind=kind), now=now).result


def was_sent(user: User, now: datetime) -> bool:
    try:
        ask(user, now=now)
    except TooManyMessages:
        return False
    return True


def test_a_code_is_accepted_once_by_an_application_that_lists_mail(owner: User, now: datetime) -> None:
    token = ask(owner, now=now)
    code = code_to(MAIL)
    assert say(owner, code, token, now=now) is EMAIL_VERIFIED
    assert say(owner, code, token, now=now) is CODE_SPENT
    assert mail_factor(owner, now=now).last_used_for == "vpn"


@pytest.mark.row("N-07")
@pytest.mark.row("A-6.5.5")
def test_a_code_lives_ten_minutes(owner: User, now: datetime) -> None:
    token = ask(owner, now=now)
    almost = now + timedelta(minutes=10) - timedelta(seconds=1)
    assert say(owner, other_than(code_to(MAIL)), token, now=almost) is EMAIL_INCORRECT
    assert say(owner, code_to(MAIL), token, now=now + timedelta(minutes=10)) is CODE_EXPIRED
    assert last_to(MAIL).expires_at == now + timedelta(minutes=10)


@pytest.mark.row("A-6.3.6")
@pytest.mark.row("N-08")
def test_neither_the_portal_nor_an_application_that_does_not_list_mail_takes_a_code(owner: User, now: datetime) -> None:
    shop = Application.objects.create(slug="shop", name="Shop")
    token = ask(owner, now=now)
    for application in ("portal", shop.slug, "unknown"):
        assert say(owner, code_to(MAIL), token, now=now, application=application, kind="email") is KIND_NOT_TAKEN
    assert [way.kind.slug for way in ways.of(owner, now=now)] == ["totp"]
    assert say(owner, code_to(MAIL), token, now=now) is EMAIL_VERIFIED


@pytest.mark.row("A-6.3.6")
def test_a_code_that_went_by_mail_is_none_by_sms(owner: User, now: datetime) -> None:
    """Else an application that takes SMS only, and every page of the portal, would take it."""
    User.objects.filter(pk=owner.pk).update(phone=OLD, phone_source="directory")
    owner.refresh_from_db()
    token = ask(owner, now=now)
    for application in ("portal", "vpn"):
        assert say(owner, code_to(MAIL), token, now=now, application=application, kind="sms") is not SMS_VERIFIED
    assert OneTimeCode.objects.get(token=token).ending == ""
    assert not GuessCounter.objects.filter(failures__has_key="sms").exists()
    (sms,) = [factor for factor in holdings.usable(owner, now=now) if factor.kind == "sms"]
    by_sms = challenge(sms, purpose=Purpose.SIGN_IN, now=now).token
    assert say(owner, code_to(OLD), by_sms, now=now, kind="email") is WRONG_SHAPE
    assert say(owner, other_than(code_to(OLD)), by_sms, now=now, application="portal", kind="sms") is SMS_INCORRECT


def test_with_the_setting_the_portal_takes_codes_by_mail_too(owner: User, now: datetime, settings: Settings) -> None:
    settings.EMAIL_CODES_IN_PORTAL = True
    assert [way.kind.slug for way in ways.of(owner, now=now)] == ["totp", "email"]
    token = ask(owner, now=now)
    assert say(owner, code_to(MAIL), token, now=now, application="portal") is EMAIL_VERIFIED


@pytest.mark.row("A-6.6.2")
def test_a_code_answers_its_own_question_only(owner: User, make_user: Callable[..., User], now: datetime) -> None:
    first = ask(owner, now=now)
    old_code = code_to(MAIL)
    later = now + timedelta(minutes=1)
    second = ask(owner, now=later)
    code = code_to(MAIL)
    stranger = make_user("stranger")
    confirm(stranger, now=later)
    assert say(owner, old_code, first, now=later) is CODE_EXPIRED
    assert say(owner, code, second, now=later, purpose=Purpose.PROOF) is EMAIL_INCORRECT
    assert say(stranger, code, second, now=later) is EMAIL_INCORRECT
    assert say(owner, code, second, now=later) is EMAIL_VERIFIED


def test_digits_that_answer_nothing_cost_no_guess(owner: User, now: datetime) -> None:
    assert say(owner, "123456", "", now=now) is WRONG_SHAPE
    for text in ("12345", "1234567", "12345a", "１２３４５６"):
        assert not KIND.could_match(mail_factor(owner, now=now), Answer(text, Purpose.SIGN_IN, "x"))


@pytest.mark.row("A-6.6.3")
@pytest.mark.row("N-09")
def test_five_wrong_codes_kill_the_code_and_a_new_one_does_not_forget_them(owner: User, now: datetime) -> None:
    token = ask(owner, now=now)
    code = code_to(MAIL)
    for _ in range(5):
        assert say(owner, other_than(code), token, now=now) is EMAIL_INCORRECT
    later = now + timedelta(minutes=1)
    assert say(owner, code, token, now=later) is CODE_EXPIRED
    assert GuessCounter.objects.get(failures__has_key="email").failures["email"][0] == 6
    with pytest.raises(Locked):
        ask(owner, now=later)


@pytest.mark.row("N-20")
def test_an_address_that_nobody_confirmed_gets_no_code(alice: User, now: datetime) -> None:
    vpn()
    assert holdings.usable(alice, now=now) == []
    by_hand = Factor.objects.create(user=alice, kind="email", key=holdings.single_key(alice), confirmed=True)
    with pytest.raises(Unusable):
        challenge(by_hand, purpose=Purpose.SIGN_IN, now=now)
    assert Delivery.objects.count() == 0


@pytest.mark.row("N-20")
def test_a_new_address_gets_no_code_before_it_is_confirmed_too(owner: User, now: datetime) -> None:
    token = ask(owner, now=now)
    code = code_to(MAIL)
    User.objects.filter(pk=owner.pk).update(email="other@example.test")
    owner.refresh_from_db()
    assert [factor.kind for factor in holdings.usable(owner, now=now)] == ["totp"]
    assert say(owner, code, token, now=now) is KIND_NOT_TAKEN
    (note,) = KIND.notes(owner, list(owner.factors.all()), now=now)
    assert "o***@example.test" in str(note.text)
    confirm(owner, now=now + timedelta(minutes=30))
    assert KIND.notes(owner, list(owner.factors.all()), now=now) == []
    assert mail_factor(owner, now=now)


def test_upper_case_makes_no_other_mailbox(owner: User, now: datetime) -> None:
    User.objects.filter(pk=owner.pk).update(email="Alice@example.test")
    owner.refresh_from_db()
    assert mail_factor(owner, now=now)


@pytest.mark.row("N-20")
def test_a_code_confirms_the_address_it_went_to_and_no_other(alice: User, now: datetime) -> None:
    add_factor(alice)
    token, _ = flows.begin(alice, now=now)
    code = code_to(MAIL)
    User.objects.filter(pk=alice.pk).update(email="other@example.test")
    with pytest.raises(flows.AddressChanged):
        flows.confirm(alice, token, code, actor=alice, now=now)
    assert not Factor.objects.filter(kind="email").exists()


def test_setting_up_is_audited_told_and_ends_other_sessions(owner: User, now: datetime) -> None:
    added = AuditEvent.objects.get(action="factor.added").details
    assert added == {"kind": "email", "name": "E-mail", "factor": Factor.objects.get(user=owner, kind="email").pk}
    assert last_to(MAIL).template == "factor-added"
    assert owner.security_epoch > 0


def test_wrong_codes_at_the_set_up_are_counted_over_new_codes(alice: User, now: datetime) -> None:
    add_factor(alice)
    for turn in range(5):
        at = now + timedelta(minutes=turn)
        token, _ = flows.begin(alice, now=at)
        with pytest.raises(WrongCode):
            flows.confirm(alice, token, other_than(code_to(MAIL)), actor=alice, now=at)
    with pytest.raises(Locked):
        flows.begin(alice, now=at + timedelta(seconds=1))


def test_a_test_code_opens_nothing_and_a_code_for_signing_in_tests_nothing(owner: User, now: datetime) -> None:
    token = ask(owner, now=now, purpose=Purpose.TEST)
    tested = code_to(MAIL)
    assert say(owner, tested, token, now=now) is EMAIL_INCORRECT
    assert say(owner, tested, token, now=now, purpose=Purpose.TEST, application=TRYING, kind="email") is EMAIL_VERIFIED
    later = now + timedelta(minutes=2)
    token = ask(owner, now=later)
    code = code_to(MAIL)
    assert say(owner, code, token, now=later, purpose=Purpose.TEST, application=TRYING, kind="email") is EMAIL_INCORRECT


def test_a_person_needs_another_factor_unless_the_portal_takes_mail(
    alice: User, now: datetime, settings: Settings
) -> None:
    with pytest.raises(flows.NeedsAnother):
        flows.begin(alice, now=now)
    settings.EMAIL_CODES_IN_PORTAL = True
    token, _ = flows.begin(alice, now=now)
    flows.confirm(alice, token, code_to(MAIL), actor=alice, now=now)
    assert [factor.kind for factor in holdings.usable(alice, now=now)] == ["email"]


def test_without_an_address_nothing_is_sent(make_user: Callable[..., User], now: datetime) -> None:
    nobody = make_user("nobody", email="")
    add_factor(nobody)
    with pytest.raises(flows.NoAddress):
        flows.begin(nobody, now=now)


def test_it_is_offered_where_something_accepts_it(alice: User, settings: Settings) -> None:
    assert not KIND.offered(alice)
    settings.EMAIL_CODES_IN_PORTAL = True
    assert KIND.offered(alice)
    settings.EMAIL_CODES_IN_PORTAL = False
    application = vpn()
    assert KIND.offered(alice)
    application.active = False
    application.save()
    assert not KIND.offered(alice)


@pytest.mark.row("T-19")
def test_one_person_gets_one_a_minute_ten_an_hour_twenty_a_day(owner: User, now: datetime) -> None:
    Delivery.objects.all().delete()
    at = now + timedelta(days=2)
    moments = [at + timedelta(minutes=minute) for minute in range(0, 24 * 60, 5)]
    sent = [moment for moment in moments if was_sent(owner, moment)]
    assert len(sent) == Delivery.objects.filter(template="code").count() == 20
    assert sum(moment < at + timedelta(hours=1) for moment in sent) == 10
    assert was_sent(owner, at + timedelta(days=3))
    assert not was_sent(owner, at + timedelta(days=3, seconds=59))


@pytest.mark.row("T-19")
def test_one_mailbox_gets_ten_an_hour_however_many_accounts_have_it(
    make_user: Callable[..., User], now: datetime
) -> None:
    people = [
        make_user(f"person{number}", email=["box@example.test", "Box@example.test"][number % 2]) for number in range(12)
    ]
    sent = 0
    for number, person in enumerate(people):
        add_factor(person)
        try:
            flows.begin(person, now=now + timedelta(seconds=number))
        except TooManyMessages:
            continue
        sent += 1
    assert sent == Delivery.objects.count() == 10


@pytest.mark.row("T-19")
def test_the_day_has_a_budget_of_codes_by_mail_that_notices_do_not_use_up(
    owner: User, now: datetime, settings: Settings
) -> None:
    later = now + timedelta(days=1)
    settings.MAIL_CODES_PER_DAY = 2
    for _ in range(3):
        outbox.queue_mail(owner, MAIL, "factor-added", {"label": "x", "name": "y", "at": later}, now=later)
    assert [was_sent(owner, later + timedelta(minutes=5 * turn)) for turn in range(3)] == [True, True, False]


def test_the_code_is_in_the_first_words_and_never_in_the_subject(owner: User, now: datetime) -> None:
    ask(owner, now=now)
    message = last_to(MAIL)
    code = code_to(MAIL)
    assert outbox.read(message).startswith(f"{code} is your code for Second factors.")
    assert code not in message.subject
    assert KIND.describe(mail_factor(owner, now=now)) == "a***@example.test"


def test_with_the_last_factor_that_stands_alone_codes_by_mail_go_too(owner: User, now: datetime) -> None:
    app = Factor.objects.get(user=owner, kind="totp")
    enrolment.remove(app, actor=owner, now=now)
    assert not Factor.objects.filter(user=owner).exists()
    assert not kinds.kind("email").alone


ADDRESSES = ("", "alice@example.test", "ALICE@EXAMPLE.TEST", "alice@elsewhere.test", "Straße.Ärger@example.test",
             "straße.Ärger@EXAMPLE.test", "strasse.ärger@example.test")  # fmt: skip


@pytest.mark.row("N-20")
def test_lists_in_sql_say_of_every_mailbox_what_signing_in_says(
    make_user: Callable[..., User], now: datetime, settings: Settings
) -> None:
    settings.EMAIL_CODES_IN_PORTAL = True
    people = [make_user(f"p{before}-{after}") for before in range(1, len(ADDRESSES)) for after in range(len(ADDRESSES))]
    for one in people:
        before, after = (ADDRESSES[int(number)] for number in one.username[1:].split("-"))
        add_factor(one, kind="email", state={addresses.CONFIRMED: addresses.fingerprint(before)})
        User.objects.filter(pk=one.pk).update(email=after)
    everybody = list(User.objects.filter(pk__in=[one.pk for one in people]))
    works = {pk for pk, factors in holdings.usable_of_many(everybody, now=now).items() if factors}
    assert set(User.objects.filter(~reckoning.without_factor(now)).values_list("pk", flat=True)) == works
    assert len(works) == len(ADDRESSES) - 1 + 4, (
        "each their own, and two pairs that differ in the case of ASCII letters"
    )
    demanding = Rule(factors=1, starts_on=now.date())
    assert set(reckoning.unmet(demanding, now).values_list("pk", flat=True)) == {one.pk for one in people} - works
