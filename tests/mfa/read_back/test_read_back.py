"""A number that helpdesk sets with confirmation: nothing changes before the code from the new phone was read back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import PhoneSource, User
from mfa import holdings, limits
from mfa.delivery import outbox
from mfa.models import AuditEvent, CallerCheck, Delivery, GuessCounter, OneTimeCode
from tests.mfa.doors import add_factor
from tests.mfa.read_back.calls import (
    NEW,
    NOON,
    OLD,
    OTHER,
    again,
    begin,
    code_to,
    number_of,
    other_than,
    page,
    read,
    sent_to,
)
from tests.mfa.test_admin_acts import LIST, act, vouched


@pytest.mark.row("T-59")
@pytest.mark.row("N-10")
@pytest.mark.parametrize("role", ["helpdesk", "admin"])
def test_the_number_is_saved_and_confirmed_once_its_code_was_read_back(
    staff: Callable[..., Client], bob: User, role: str
) -> None:
    client = vouched(staff(role), bob)
    assert "Ask the caller to read it to you" in begin(client, bob, "+49 1511 2345678")
    before = User.objects.get(pk=bob.pk)
    assert (before.phone, before.security_epoch) == (OLD, bob.security_epoch)
    assert CallerCheck.objects.get().used_for == []
    assert "It is confirmed, by the code that was read back." in read(client, bob, code_to())
    now = User.objects.get(pk=bob.pk)
    assert (now.phone, now.phone_source, now.phone_confirmed_at) == (NEW, PhoneSource.HELPDESK, timezone.now())
    assert now.security_epoch == bob.security_epoch + 1
    told = Delivery.objects.filter(user=bob, template="phone-changed-for-you")
    assert {letter.recipient for letter in told} == {OLD, bob.email}
    assert OneTimeCode.objects.get().ending == OneTimeCode.Ending.SPENT


@pytest.mark.row("T-59")
def test_the_trail_says_which_of_the_two_ways_it_was(staff: Callable[..., Client], bob: User) -> None:
    client = vouched(staff("helpdesk"), bob)
    begin(client, bob)
    read(client, bob, code_to())
    assert list(AuditEvent.objects.filter(user=bob).order_by("pk").values_list("action", "reason", "details")) == [
        ("phone.change-started", "Ticket says so", {"new": "+49 *** **78", "ticket": "INC-7", "identity": "call-back"}),
        ("phone.changed", "", {"old": "+49 *** **78", "new": "+49 *** **78", "source": "helpdesk", "confirmed": True}),
        ("identity.checked", "Ticket says so", {"ticket": "INC-7", "identity": "call-back"}),
    ]
    seen = client.get(f"{LIST}{bob.pk}/change/", secure=True).content.decode()
    assert "Phone number set by helpdesk, confirmed by a code that was read back" in seen
    assert "<dt>Confirmed</dt><dd>2 Mar 2026, 12:00, by helpdesk</dd>" in seen


def test_a_number_that_nobody_confirmed_looks_otherwise(staff: Callable[..., Client], bob: User) -> None:
    client = vouched(staff("helpdesk"), bob)
    act(client, "phone", bob, number=NEW, confirmation="without-confirmation")
    seen = client.get(f"{LIST}{bob.pk}/change/", secure=True).content.decode()
    assert "Phone number set by helpdesk, not confirmed" in seen
    assert "<dt>Confirmed</dt><dd>no</dd>" in seen


def test_one_of_the_two_ways_has_to_be_chosen(staff: Callable[..., Client], bob: User) -> None:
    client = vouched(staff("helpdesk"), bob)
    for choice in ("", "yes"):
        act(client, "phone", bob, number=NEW, confirmation=choice)
    assert number_of(bob) == OLD
    assert not Delivery.objects.exists()


@pytest.mark.row("T-59")
def test_the_message_says_what_the_code_is_for_and_no_browser_fills_it_in(
    staff: Callable[..., Client], bob: User
) -> None:
    begin(staff("admin"), bob)
    text = outbox.read(sent_to())
    assert text.startswith(f"{code_to()} lets helpdesk of ")
    assert "set this number for your account" in text
    assert "only if you called them yourself" in text
    assert "#" not in text


@pytest.mark.row("T-07")
def test_five_wrong_codes_end_it_and_a_new_one_can_be_sent(
    staff: Callable[..., Client], bob: User, clock: time_machine.Traveller
) -> None:
    client = vouched(staff("helpdesk"), bob)
    begin(client, bob)
    right = code_to()
    for _ in range(4):
        seen = read(client, bob, other_than(right))
        assert "That code is not right. Check it and try again." in seen
        assert "wrong too often" not in seen
    assert "That code was wrong too often and no longer works." in read(client, bob, other_than(right))
    assert "Too many wrong codes. Try again at" in read(client, bob, right)
    assert number_of(bob) == OLD
    assert AuditEvent.objects.filter(user=bob, action="phone.read-back-failed").count() == 5
    clock.shift(61)
    again(client, bob)
    assert "It is confirmed" in read(client, bob, code_to())
    assert GuessCounter.objects.get(subject=limits.of_account(bob)).failures == {}


def test_an_expired_code_says_so_and_a_new_one_can_be_sent(
    staff: Callable[..., Client], bob: User, clock: time_machine.Traveller
) -> None:
    client = vouched(staff("admin"), bob)
    begin(client, bob)
    old = code_to()
    OneTimeCode.objects.update(expires_at=NOON)
    assert "That code has expired. Send a new one below." in client.get(page(bob), secure=True).content.decode()
    assert "That code has expired." in read(client, bob, old)
    clock.shift(61)
    again(client, bob)
    assert "No new number waits" not in read(client, bob, other_than(code_to()))
    assert "It is confirmed" in read(client, bob, code_to())


@pytest.mark.row("T-16")
def test_a_new_code_is_sent_as_seldom_as_any(
    staff: Callable[..., Client], bob: User, clock: time_machine.Traveller
) -> None:
    client = staff("admin")
    begin(client, bob)
    assert "The next message can be sent at" in again(client, bob)
    assert "The next message can be sent at" in begin(client, bob, OTHER)
    assert Delivery.objects.filter(template="helpdesk-phone").count() == 1
    first = code_to()
    clock.shift(61)
    again(client, bob)
    assert "That code is not right." in read(client, bob, first)
    assert "It is confirmed" in read(client, bob, code_to())


def test_a_form_that_is_sent_twice_sends_one_code(staff: Callable[..., Client], bob: User) -> None:
    client = staff("admin")
    assert "Ask the caller to read it to you" in begin(client, bob)
    assert "Ask the caller to read it to you" in begin(client, bob)
    assert Delivery.objects.count() == 1


def test_after_a_quarter_of_an_hour_it_has_to_be_begun_anew(
    staff: Callable[..., Client], bob: User, clock: time_machine.Traveller
) -> None:
    client = staff("admin")
    begin(client, bob)
    session = client.session
    session["numbers_to_confirm"][str(bob.pk)]["begun_at"] -= 15 * 60
    session.save()
    assert "No new number waits for a code here any more." in read(client, bob, code_to())
    assert number_of(bob) == OLD


def test_what_is_refused_without_a_code_is_refused_with_one_and_costs_no_message(
    staff: Callable[..., Client], make_user: Callable[..., User], bob: User, settings: Settings
) -> None:
    settings.PHONE_SHARED, settings.PHONE_COUNTRIES, settings.PHONE_AUTHORITY = "refuse", frozenset({"DE"}), "directory"
    client, carol = staff("admin"), make_user("carol", directory_id="0f0f")
    assert "belongs to another account" in begin(client, make_user("dora"), OLD)
    assert "has this number already" in begin(client, bob, OLD)
    assert "The directory decides about this number" in begin(client, carol)
    begin(client, bob, "+43 664 1234567")
    assert not Delivery.objects.exists()


def test_a_number_that_another_account_got_meanwhile_is_not_saved(
    staff: Callable[..., Client], make_user: Callable[..., User], bob: User, settings: Settings
) -> None:
    settings.PHONE_SHARED = "refuse"
    client = staff("admin")
    begin(client, bob)
    make_user("carol", phone=NEW)
    assert "belongs to another account" in read(client, bob, code_to())
    assert number_of(bob) == OLD


def test_other_factors_stay_and_codes_go_to_the_new_number(staff: Callable[..., Client], bob: User) -> None:
    add_factor(bob)
    client = staff("admin")
    begin(client, bob)
    read(client, bob, code_to())
    bob.refresh_from_db()
    assert [factor.kind for factor in holdings.usable(bob, now=timezone.now())] == ["totp", "sms"]
    assert "by helpdesk" in outbox.read(Delivery.objects.get(channel="mail"))
