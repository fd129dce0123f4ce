"""What somebody could try with the code for a new number: as another, later, twice, elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import users
from accounts.models import PhoneSource, User
from mfa import enrolment, holdings, lost
from mfa.factors.sms import flows as own_change
from mfa.kinds import Answer, Purpose
from mfa.models import Application, AuditEvent, Budget, Delivery, GuessCounter, OneTimeCode
from mfa.outcomes import SMS_INCORRECT, Refused
from mfa.verification import callers, service
from tests.mfa.doors import add_factor, give_role, sign_in
from tests.mfa.read_back.calls import NEW, NOON, OLD, OTHER, again, begin, code_in, code_to, number_of, page, read
from tests.mfa.test_admin_acts import LIST, act, vouched

OVER = "No new number waits for a code here any more."


@pytest.fixture
def colleague(make_user: Callable[..., User]) -> Client:
    """Another one of helpdesk, at another browser."""
    client, user = Client(SERVER_NAME="portal.test"), give_role(make_user("colleague"), "helpdesk")
    sign_in(client, user, add_factor(user))
    return client


def take_over(thief: Client, victim: Client, *, about: User | None = None) -> None:
    """What one session waits for is put into another, or under another person."""
    session, kept = thief.session, victim.session["numbers_to_confirm"]
    session["numbers_to_confirm"] = {str(about.pk): next(iter(kept.values()))} if about else kept
    session.save()


@pytest.mark.row("T-59")
def test_the_code_of_one_agent_is_worth_nothing_to_another(
    staff: Callable[..., Client], bob: User, colleague: Client
) -> None:
    client = vouched(staff("helpdesk"), bob)
    begin(client, bob)
    vouched(colleague, bob)
    assert OVER in read(colleague, bob, code_to())
    take_over(colleague, client)
    assert OVER in read(colleague, bob, code_to())
    assert number_of(bob) == OLD
    assert "It is confirmed" in read(client, bob, code_to()), "the first agent's own check stands"


@pytest.mark.row("T-59")
def test_the_code_of_one_person_is_worth_nothing_for_another(
    staff: Callable[..., Client], make_user: Callable[..., User], bob: User
) -> None:
    carol = make_user("carol", phone=OTHER)
    client = vouched(staff("helpdesk"), bob, carol)
    begin(client, bob)
    assert OVER in read(client, carol, code_to())
    take_over(client, client, about=carol)
    assert OVER in read(client, carol, code_to())
    assert number_of(carol) == OTHER


@pytest.mark.row("T-59")
def test_the_code_of_one_number_saves_no_other(staff: Callable[..., Client], bob: User) -> None:
    client = vouched(staff("helpdesk"), bob)
    begin(client, bob)
    first = code_to()
    Budget.objects.all().delete()
    begin(client, bob, OTHER)
    assert "That code is not right." in read(client, bob, first)
    read(client, bob, code_to(OTHER))
    assert number_of(bob) == OTHER


@pytest.mark.row("T-03")
def test_a_code_saves_once(staff: Callable[..., Client], bob: User) -> None:
    client = vouched(staff("helpdesk"), bob)
    begin(client, bob)
    read(client, bob, code_to())
    assert OVER in read(client, bob, code_to())
    assert OVER in again(client, bob)
    assert AuditEvent.objects.filter(action="phone.changed").count() == 1


def lose_phone(person: User) -> None:
    number = next(one for one in holdings.usable(person, now=timezone.now()) if one.kind == "sms")
    lost.report(person, [number], actor=person, now=timezone.now())


def get_another_number(person: User) -> None:
    users.set_phone(person, OTHER, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=person)


MEANWHILE: dict[str, Callable[[User], object]] = {
    "reset": lambda person: enrolment.reset(person, actor=None, reason="test", now=timezone.now()),
    "sessions ended": users.move_epoch,
    "phone lost": lose_phone,
    "another number": get_another_number,
    "deactivated": lambda person: users.deactivate_many([person.pk], now=timezone.now(), actor=None),
}


@pytest.mark.row("T-59")
@pytest.mark.row("N-24")
@pytest.mark.parametrize("happened", MEANWHILE)
def test_the_code_ends_with_whatever_changes_the_account(
    staff: Callable[..., Client], bob: User, happened: str
) -> None:
    client = staff("admin")
    begin(client, bob)
    MEANWHILE[happened](User.objects.get(pk=bob.pk))
    before = number_of(bob)
    assert OVER in read(client, bob, code_to())
    assert OVER in again(client, bob)
    assert number_of(bob) == before
    assert not User.objects.filter(pk=bob.pk, phone_source=PhoneSource.HELPDESK).exists()


def test_saving_without_confirmation_ends_the_code(staff: Callable[..., Client], bob: User) -> None:
    client = vouched(staff("helpdesk"), bob)
    begin(client, bob)
    act(client, "phone", bob, number=OTHER, confirmation="without-confirmation")
    assert OVER in read(client, bob, code_to())
    assert number_of(bob) == OTHER


@pytest.mark.row("A-7.5.1")
def test_without_a_fresh_proof_nothing_is_sent_or_saved(
    staff: Callable[..., Client], bob: User, clock: time_machine.Traveller
) -> None:
    client = staff("admin")
    begin(client, bob)
    clock.shift(timedelta(minutes=5))
    for typed in ({"code": code_to()}, {"again": "yes"}):
        answer = client.post(page(bob), typed, secure=True)
        assert answer.headers["Location"].startswith("/prove/")
    assert number_of(bob) == OLD
    assert Delivery.objects.count() == 1


@pytest.mark.row("T-23")
def test_without_its_token_nothing_is_sent_or_saved(staff: Callable[..., Client], bob: User) -> None:
    client = staff("admin")
    begin(client, bob)
    client.handler.enforce_csrf_checks = True
    for typed in ({"code": code_to()}, {"again": "yes"}):
        assert client.post(page(bob), typed, secure=True).status_code == 403
    assert number_of(bob) == OLD


@pytest.mark.row("T-60")
def test_whoever_loses_the_role_types_no_code_any_more(staff: Callable[..., Client], bob: User) -> None:
    client = vouched(staff("helpdesk"), bob)
    begin(client, bob)
    agent = User.objects.get(username="helpdesk-person")
    agent.groups.set([Group.objects.get(name="auditor")])
    assert client.post(page(bob), {"code": code_to()}, secure=True).status_code == 403
    assert number_of(bob) == OLD


@pytest.mark.row("T-60")
def test_staff_and_oneself_stay_out_of_reach(staff: Callable[..., Client], bob: User) -> None:
    client = vouched(staff("helpdesk"), bob)
    begin(client, bob)
    User.objects.filter(pk=bob.pk).update(is_staff=True)
    agent = User.objects.get(username="helpdesk-person")
    for person in (bob, agent):
        assert client.post(page(person), {"code": code_to()}, secure=True).status_code == 403
        assert client.get(page(person), secure=True).status_code == 403
    assert number_of(bob) == OLD


@pytest.mark.row("T-59")
def test_every_code_that_is_sent_counts_towards_the_pace_and_what_was_begun_can_be_finished(
    staff: Callable[..., Client], make_user: Callable[..., User], bob: User, settings: Settings
) -> None:
    settings.HELPDESK_RESETS_PER_DAY = 1
    carol = make_user("carol")
    client = vouched(staff("helpdesk"), bob, carol)
    begin(client, bob)
    assert "Too many resets in 24 hours" in begin(client, carol, OTHER)
    assert not Delivery.objects.filter(recipient=OTHER).exists()
    assert AuditEvent.objects.filter(action="helpdesk.stopped").exists()
    assert "It is confirmed" in read(client, bob, code_to())
    settings.HELPDESK_RESETS_PER_DAY = 2
    begin(client, carol, OTHER)
    assert Delivery.objects.filter(recipient=OTHER).exists(), "a confirmed number counts once"


@pytest.mark.row("T-59")
def test_whoever_is_stopped_by_the_pace_sends_no_new_code_either(
    staff: Callable[..., Client], bob: User, clock: time_machine.Traveller, settings: Settings
) -> None:
    settings.HELPDESK_RESETS_PER_DAY = 1
    client = vouched(staff("helpdesk"), bob)
    begin(client, bob)
    clock.shift(61)
    assert "Too many resets in 24 hours" in again(client, bob)
    assert Delivery.objects.filter(recipient=NEW).count() == 1
    settings.HELPDESK_RESETS_PER_DAY = 2
    assert "A new code is on its way" in again(client, bob)


@pytest.mark.row("T-14")
def test_the_code_opens_nothing_else(staff: Callable[..., Client], bob: User) -> None:
    client, now = vouched(staff("helpdesk"), bob), timezone.now()
    begin(client, bob)
    Application.objects.create(slug="desk", name="Desk", kinds=["sms"])
    row, agent = OneTimeCode.objects.get(), User.objects.get(username="helpdesk-person")
    for purpose in (one for one in Purpose if one is not Purpose.HELPDESK_PHONE):
        answer = Answer(code_to(), purpose, row.token)
        for application in ("portal", "desk"):
            GuessCounter.objects.all().delete()
            verdict = service.verify(service.Attempt(bob, answer, application, "", kind="sms"), now=now)
            assert verdict.result == SMS_INCORRECT
    with pytest.raises(Refused):
        callers.finish(bob, code_to(), actor=agent, now=now)
    with pytest.raises(Refused):
        own_change.finish(bob, row.token, code_to(), actor=bob, now=now)
    row.refresh_from_db()
    assert (row.ending, row.failures) == ("", 0)
    assert number_of(bob) == OLD


@pytest.mark.parametrize("purpose", [one for one in Purpose if one is not Purpose.HELPDESK_PHONE])
def test_no_other_code_saves_the_number(staff: Callable[..., Client], bob: User, purpose: Purpose) -> None:
    client = vouched(staff("helpdesk"), bob)
    begin(client, bob)
    right = code_to()
    OneTimeCode.objects.update(purpose=purpose)
    assert OVER in read(client, bob, right)
    assert number_of(bob) == OLD


def test_the_codes_of_a_caller_check_and_of_the_own_change_save_no_number(
    staff: Callable[..., Client], bob: User, clock: time_machine.Traveller
) -> None:
    client = vouched(staff("helpdesk"), bob)
    service.challenge(holdings.usable(bob, now=NOON)[0], purpose=Purpose.CALLER, now=NOON)
    clock.shift(61)
    own_change.start(bob, NEW, actor=bob, now=timezone.now())
    clock.shift(61)
    begin(client, bob)
    for sent in Delivery.objects.exclude(template="helpdesk-phone"):
        assert "That code is not right." in read(client, bob, code_in(sent))
    assert number_of(bob) == OLD


@pytest.mark.row("T-59")
def test_no_agent_uses_up_what_everybody_has_of_messages(
    staff: Callable[..., Client], make_user: Callable[..., User], clock: time_machine.Traveller
) -> None:
    """Not even an admin, whose acts are not counted: thirty a minute are all that the portal sends."""
    client = staff("admin")
    *others, last = [make_user(f"person-{number}", phone=f"+49170123456{number:02}") for number in range(12)]
    for number, person in enumerate(others):
        begin(client, person, f"+49151123456{number:02}")
    assert Delivery.objects.filter(template="helpdesk-phone").count() == 10
    check = f"{LIST}{last.pk}/caller/"
    refused = client.post(check, {"to": "sms"}, secure=True, follow=True).content.decode()
    assert "The next message can be sent at" in refused
    assert not Delivery.objects.filter(user=last).exists()
    clock.shift(61)
    client.post(check, {"to": "sms"}, secure=True)
    assert Delivery.objects.filter(user=last, template="caller-code").exists()
