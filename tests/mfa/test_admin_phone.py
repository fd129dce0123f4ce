"""A number that helpdesk types for somebody: it works, proves nobody, and is told to whoever had the account before."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import PhoneSource, User
from mfa import approvals
from mfa.delivery import outbox
from mfa.models import Approval, AuditEvent, Delivery, Factor
from mfa.verification import callers
from tests.mfa.doors import give_role
from tests.mfa.test_admin_acts import LIST, act, vouched

OLD, NEW = "+4917012345678", "+4915112345678"


def save(client: Client, *people: User, number: str, **fields: str) -> str:
    """The page that comes of the number saved without confirmation."""
    return act(client, "phone", *people, number=number, **{"confirmation": "without-confirmation"} | fields)


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    return make_user("bob", phone=OLD, phone_source="directory", phone_confirmed_at=timezone.now())


@pytest.mark.row("T-60")
@pytest.mark.parametrize("role", ["helpdesk", "admin"])
def test_the_number_is_set_not_confirmed_and_told(staff: Callable[..., Client], bob: User, role: str) -> None:
    seen = save(vouched(staff(role), bob), bob, number="+49 1511 2345678")
    assert "The phone number was set. It is not confirmed. 1 person." in seen
    now = User.objects.get(pk=bob.pk)
    assert (now.phone, now.phone_source, now.phone_confirmed_at) == (NEW, PhoneSource.HELPDESK, None)
    assert now.security_epoch == bob.security_epoch + 1
    told = Delivery.objects.filter(user=bob, template="phone-changed-for-you")
    assert {letter.recipient for letter in told} == {OLD, bob.email}
    assert "by helpdesk" in outbox.read(told.get(channel="mail"))
    changed = AuditEvent.objects.get(action="phone.changed")
    assert (changed.actor_name, changed.details["confirmed"]) == (f"{role}-person", False)
    checked = AuditEvent.objects.get(action="identity.checked")
    assert (checked.reason, checked.details["ticket"]) == ("Ticket says so", "INC-7")
    assert not callers.ways(now, actor=bob, now=timezone.now()), "nobody is proved by a number that helpdesk put there"


def test_a_first_number_is_told_to_the_mailbox(staff: Callable[..., Client], alice: User) -> None:
    save(staff("admin"), alice, number=NEW)
    assert Delivery.objects.get(template="phone-changed-for-you").recipient == alice.email


@pytest.mark.parametrize("number", ["", "12", "+49 30 901820", "+1 555", "no number", "0151 12345678"])
def test_a_text_that_is_no_usable_number_changes_nothing(
    staff: Callable[..., Client], bob: User, settings: Settings, number: str
) -> None:
    settings.PHONE_DEFAULT_REGION, settings.PHONE_COUNTRIES = "", frozenset({"DE"})
    form = {"people": str(bob.pk), "reason": "r", "identity": "in-person", "ticket": "INC-7", "number": number}
    form["confirmation"] = "without-confirmation"
    answer = staff("admin").post(f"{LIST}act/phone/", form, secure=True)
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"number"}
    assert User.objects.get(pk=bob.pk).phone == OLD
    assert not AuditEvent.objects.exists()


@pytest.mark.row("T-60")
def test_nobody_alone_at_helpdesk_puts_a_number_of_their_own_there(
    staff: Callable[..., Client], alice: User, bob: User
) -> None:
    client = staff("helpdesk")
    for person in (alice, bob):
        assert "have a second person approve it first" in save(client, person, number=NEW)
    assert not User.objects.filter(phone=NEW).exists()


@pytest.mark.row("T-60")
def test_another_number_than_the_approved_one_is_refused(
    staff: Callable[..., Client], make_user: Callable[..., User], bob: User
) -> None:
    client = staff("helpdesk")
    save(client, bob, number=NEW, do="ask")
    asked = Approval.objects.get()
    assert NEW not in asked.page + asked.words
    approvals.decide(asked.pk, True, actor=give_role(make_user("second"), "helpdesk"), now=timezone.now())
    assert "approve it first" in save(client, bob, number="+4915112345679")
    assert User.objects.get(pk=bob.pk).phone == OLD
    save(client, bob, number=NEW)
    assert User.objects.get(pk=bob.pk).phone == NEW


def test_where_the_directory_decides_it_is_refused(
    staff: Callable[..., Client], make_user: Callable[..., User], settings: Settings
) -> None:
    settings.PHONE_AUTHORITY = "directory"
    carol = make_user("carol", directory_id="0f0f", phone=OLD, phone_source="directory")
    assert "The directory decides about this number" in save(staff("admin"), carol, number=NEW)
    assert User.objects.get(pk=carol.pk).phone == OLD


def test_the_number_of_another_account_is_refused_where_each_has_its_own(
    staff: Callable[..., Client], make_user: Callable[..., User], bob: User, settings: Settings
) -> None:
    settings.PHONE_SHARED = "refuse"
    client, carol = staff("admin"), make_user("carol")
    assert "belongs to another account" in save(client, carol, number=OLD)
    assert "has this number already" in save(client, bob, number=OLD)
    assert not AuditEvent.objects.exists()


def test_it_is_done_for_one_person_at_a_time(staff: Callable[..., Client], alice: User, bob: User) -> None:
    assert "for one person at a time" in save(staff("admin"), alice, bob, number=NEW)
    assert not User.objects.filter(phone=NEW).exists()
    assert not Factor.objects.filter(user=alice).exists()
