"""Changing the number: a code to the new one, the old one until then, notices, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import users
from accounts.models import PhoneSource, User
from mfa import codes, enrolment, holdings, limits, policy
from mfa.delivery import outbox
from mfa.factors.sms import flows, links, undo
from mfa.factors.sms.refusals import NothingToConfirm, SameNumber, SharedNumber
from mfa.kinds import Answer, Purpose
from mfa.models import AuditEvent, Delivery, Factor, GuessCounter, OneTimeCode
from mfa.outcomes import Expired, Locked, Refused, Replayed, TooManyMessages, WrongCode
from mfa.verification.service import Attempt, verify
from tests.mfa.doors import add_factor
from tests.mfa.factors.phones import NEW, OLD, OTHER, code_to, last_to, link_to, other_than


@pytest.fixture
def owner(make_user: Callable[..., User]) -> User:
    return make_user("owner", phone=OLD, phone_source=PhoneSource.DIRECTORY)


def begin(user: User, number: str = NEW, *, now: datetime) -> str:
    return flows.start(user, number, actor=user, now=now).token


def change(user: User, number: str = NEW, *, now: datetime) -> None:
    flows.finish(user, begin(user, number, now=now), code_to(number), actor=user, now=now)
    user.refresh_from_db()


def test_the_new_number_counts_only_when_its_code_came_back(owner: User, now: datetime) -> None:
    token = begin(owner, now=now)
    owner.refresh_from_db()
    assert owner.phone == OLD
    factor = flows.finish(owner, token, code_to(NEW), actor=owner, now=now)
    epoch = owner.security_epoch
    owner.refresh_from_db()
    assert (owner.phone, owner.phone_source, owner.phone_confirmed_at) == (NEW, PhoneSource.SELF, now)
    assert owner.security_epoch > epoch
    assert (factor.kind, factor.confirmed, factor.failures, factor.disabled_at) == ("sms", True, 0, None)


def test_a_suspended_factor_and_a_demanded_activation_end_with_a_confirmed_number(owner: User, now: datetime) -> None:
    enrolment.reset(owner, actor=None, reason="lost phone", now=now)
    assert policy.of(owner, now=timezone.now()).activation_only
    change(owner, now=now)
    assert not policy.of(owner, now=timezone.now()).activation_only
    assert [factor.kind for factor in holdings.usable(owner, now=now)] == ["sms"]


def test_old_number_and_mailbox_are_told_with_masked_numbers_and_a_link(owner: User, now: datetime) -> None:
    change(owner, now=now)
    mail, sms = last_to(owner.email), last_to(OLD)
    assert (mail.template, sms.template) == ("phone-changed", "phone-changed")
    for message in (mail, sms):
        text = outbox.read(message)
        assert "https://portal.test/sms/undo/" in text
        assert OLD not in text
        assert NEW not in text
    assert not Delivery.objects.filter(recipient=NEW, template="phone-changed").exists()
    event = AuditEvent.objects.get(action="phone.changed")
    assert event.details == {"old": "+49 *** **67", "new": "+49 *** **78", "source": "self"}
    assert event.actor == owner


def test_the_own_confirmed_number_is_refused_and_costs_nothing(owner: User, now: datetime) -> None:
    User.objects.filter(pk=owner.pk).update(phone_confirmed_at=now)
    owner.refresh_from_db()
    with pytest.raises(SameNumber):
        begin(owner, OLD, now=now)
    assert begin(owner, now=now)


@pytest.mark.parametrize(("rule", "warned"), [("allow", False), ("warn", True)])
def test_a_number_of_another_account_is_taken_and_warned_of(
    owner: User, make_user: Callable[..., User], now: datetime, settings: Settings, rule: str, warned: bool
) -> None:
    settings.PHONE_SHARED = rule
    make_user("other", phone=NEW)
    assert flows.start(owner, NEW, actor=owner, now=now).shared is warned


def test_a_number_of_another_account_is_refused_and_cannot_be_probed_for_free(
    owner: User, make_user: Callable[..., User], now: datetime, settings: Settings
) -> None:
    settings.PHONE_SHARED = "refuse"
    make_user("other", phone=NEW)
    with pytest.raises(SharedNumber):
        begin(owner, now=now)
    with pytest.raises(TooManyMessages):
        begin(owner, OTHER, now=now)
    assert Delivery.objects.count() == 0


def test_a_number_that_another_account_took_meanwhile_is_refused_at_the_end(
    owner: User, make_user: Callable[..., User], now: datetime, settings: Settings
) -> None:
    settings.PHONE_SHARED = "refuse"
    token = begin(owner, now=now)
    make_user("other", phone=NEW)
    with pytest.raises(SharedNumber):
        flows.finish(owner, token, code_to(NEW), actor=owner, now=now)
    owner.refresh_from_db()
    assert owner.phone == OLD


@pytest.mark.row("A-6.6.2")
def test_codes_of_one_purpose_are_worth_nothing_for_another(owner: User, now: datetime) -> None:
    token = begin(owner, now=now)
    answer = Answer(code_to(NEW), Purpose.SIGN_IN, token)
    assert not verify(Attempt(owner, answer, "portal", "", kind="sms"), now=now).accepted
    with pytest.raises(WrongCode):
        flows.finish(owner, "another-token", code_to(NEW), actor=owner, now=now)


def test_another_persons_code_does_not_fit(owner: User, make_user: Callable[..., User], now: datetime) -> None:
    token = begin(owner, now=now)
    thief = make_user("thief")
    with pytest.raises(WrongCode):
        flows.finish(thief, token, code_to(NEW), actor=thief, now=now)
    thief.refresh_from_db()
    assert thief.phone == ""


@pytest.mark.row("N-09")
def test_a_new_code_does_not_forget_wrong_ones(owner: User, now: datetime) -> None:
    token = begin(owner, now=now)
    for _ in range(4):
        with pytest.raises(WrongCode):
            flows.finish(owner, token, other_than(code_to(NEW)), actor=owner, now=now)
    later = now + timedelta(minutes=1)
    token = begin(owner, now=later)
    with pytest.raises(WrongCode):
        flows.finish(owner, token, other_than(code_to(NEW)), actor=owner, now=later)
    assert GuessCounter.objects.get(subject=limits.of_account(owner)).failures["confirm-phone"][0] == 5
    with pytest.raises(Locked):
        flows.finish(owner, token, code_to(NEW), actor=owner, now=later)
    with pytest.raises(Locked):
        begin(owner, now=later)


def test_five_wrong_codes_kill_the_code(owner: User, now: datetime) -> None:
    token = begin(owner, now=now)
    for _ in range(5):
        with pytest.raises(WrongCode):
            flows.finish(owner, token, other_than(code_to(NEW)), actor=owner, now=now)
    with pytest.raises(Expired):
        flows.finish(owner, token, code_to(NEW), actor=owner, now=now + timedelta(seconds=31))


def test_an_older_code_is_void_after_a_resend(owner: User, now: datetime) -> None:
    token = begin(owner, now=now)
    code = code_to(NEW)
    begin(owner, now=now + timedelta(minutes=1))
    with pytest.raises(Expired):
        flows.finish(owner, token, code, actor=owner, now=now + timedelta(minutes=1))
    with pytest.raises(NothingToConfirm):
        flows.pending(owner, token)


def undone(path: str, *, now: datetime) -> User:
    _, _, _, token, code, _ = path.split("/")
    return undo.take(token, code, now=now)


@pytest.mark.row("T-45")
def test_the_link_restores_the_number_with_source_and_confirmation_once(owner: User, now: datetime) -> None:
    confirmed = now - timedelta(days=90, microseconds=7)
    User.objects.filter(pk=owner.pk).update(phone_confirmed_at=confirmed)
    change(owner, now=now)
    epoch = owner.security_epoch
    path = link_to(owner.email)
    undone(path, now=now + timedelta(hours=71))
    owner.refresh_from_db()
    assert (owner.phone, owner.phone_source, owner.phone_confirmed_at) == (OLD, PhoneSource.DIRECTORY, confirmed)
    assert owner.security_epoch > epoch
    assert last_to(owner.email).template == last_to(OLD).template == "phone-restored"
    assert AuditEvent.objects.filter(action="phone.restored", actor=None).count() == 1
    assert not AuditEvent.objects.filter(action="phone.changed", details__source="directory").exists()
    with pytest.raises(Replayed):
        undone(path, now=now)


@pytest.mark.row("T-45")
def test_the_link_is_good_for_72_hours_its_purpose_and_its_person(owner: User, now: datetime) -> None:
    change(owner, now=now)
    _, _, _, token, code, _ = link_to(OLD).split("/")
    with pytest.raises(Expired):
        undo.take(token, code, now=now + timedelta(hours=72))
    with pytest.raises(WrongCode):
        undo.take(token, "A" * links.LENGTH, now=now)
    with pytest.raises(Refused):
        undo.take("no-such-token", code, now=now)
    with pytest.raises(Refused):
        flows.finish(owner, token, code, actor=owner, now=now)
    confirming = begin(owner, OTHER, now=now + timedelta(minutes=2))
    with pytest.raises(Refused):
        undo.take(confirming, code_to(OTHER), now=now)


def test_a_thief_who_changes_the_number_twice_does_not_shake_the_owner_off(owner: User, now: datetime) -> None:
    change(owner, now=now)
    first = link_to(OLD)
    later = now + timedelta(minutes=2)
    change(owner, OTHER, now=later)
    with pytest.raises(Expired):
        undone(first, now=later)
    undone(link_to(OLD), now=later)
    owner.refresh_from_db()
    assert owner.phone == OLD


def test_a_first_number_is_told_to_the_mailbox_and_undone_to_none(
    make_user: Callable[..., User], now: datetime
) -> None:
    person = make_user("person")
    change(person, now=now)
    undone(link_to(person.email), now=now)
    person.refresh_from_db()
    assert (person.phone, person.phone_source) == ("", "")
    assert holdings.usable(person, now=now) == []


@pytest.mark.row("T-60b")
def test_whoever_undoes_the_only_factor_needs_more_than_the_password(
    make_user: Callable[..., User], now: datetime
) -> None:
    person = make_user("person")
    change(person, now=now)
    undone(link_to(person.email), now=now)
    assert policy.of(person, now=timezone.now()).activation_only


def test_a_restored_number_that_works_needs_no_activation_code(owner: User, now: datetime) -> None:
    change(owner, now=now)
    undone(link_to(owner.email), now=now)
    assert not policy.of(owner, now=timezone.now()).activation_only


def test_removing_takes_the_factor_and_tells(owner: User, now: datetime) -> None:
    add_factor(owner)
    change(owner, now=now)
    flows.remove(owner, actor=owner, now=now)
    owner.refresh_from_db()
    assert (owner.phone, owner.phone_source, owner.phone_confirmed_at) == ("", "", None)
    assert not Factor.objects.filter(kind="sms").exists()
    assert last_to(NEW).template == "phone-changed"
    assert "switched off" in outbox.read(last_to(owner.email))
    assert AuditEvent.objects.filter(action="phone.removed").count() == 1


@pytest.mark.row("T-22c")
def test_the_last_factor_is_kept_where_one_is_required(owner: User, now: datetime) -> None:
    policy.require(owner, True, actor=None, reason="policy")
    with pytest.raises(enrolment.LastFactor):
        flows.remove(owner, actor=owner, now=now)
    owner.refresh_from_db()
    assert owner.phone == OLD


@pytest.mark.row("T-22c")
def test_recovery_codes_do_not_outlive_the_last_factor(owner: User, now: datetime) -> None:
    add_factor(owner, kind="recovery", name="Recovery codes")
    flows.remove(owner, actor=owner, now=now)
    assert not Factor.objects.filter(user=owner).exists()


def test_a_change_is_whole_or_not_at_all(owner: User, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    token, code = begin(owner, now=now), code_to(NEW)

    def broken(*arguments: object, **more: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(users, "announce_phones", broken)
    with pytest.raises(RuntimeError):
        flows.finish(owner, token, code, actor=owner, now=now)
    monkeypatch.undo()
    owner.refresh_from_db()
    assert owner.phone == OLD
    assert OneTimeCode.objects.get(token=token).ending == ""
    assert not OneTimeCode.objects.filter(purpose=Purpose.UNDO_PHONE).exists()


def test_the_person_is_locked_before_the_code_so_that_no_sync_or_reset_waits_in_a_circle(
    owner: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = begin(owner, now=now)
    order: list[str] = []
    lock, spend = enrolment.lock_person, codes.spend

    def noted_lock(user: User) -> User:
        order.append("person")
        return lock(user)

    def noted_spend(*given: Any, **named: Any) -> OneTimeCode:
        order.append("code")
        return spend(*given, **named)

    monkeypatch.setattr(enrolment, "lock_person", noted_lock)
    monkeypatch.setattr(codes, "spend", noted_spend)
    flows.finish(owner, token, code_to(NEW), actor=owner, now=now)
    assert order[:2] == ["person", "code"]
    order.clear()
    undone(link_to(OLD), now=now)
    assert order[:2] == ["person", "code"]
