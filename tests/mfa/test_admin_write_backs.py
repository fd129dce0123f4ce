"""Numbers for the directory in the admin: seen masked, filtered, and ordered anew by whoever may."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import PhoneSource, User, WriteBack
from accounts.signals import write_back_ended
from mfa.models import AuditEvent
from tests.mfa.doors import add_factor
from tests.mfa.factors.phones import NEW, OLD, OTHER

LIST = "/admin/accounts/writeback/"


@pytest.fixture(autouse=True)
def writing(settings: Settings) -> None:
    settings.PHONE_AUTHORITY = "write_back"
    settings.LDAP_URL = "ldaps://127.0.0.1:1"


@pytest.fixture
def refused(make_user: Callable[..., User]) -> WriteBack:
    owner = make_user(
        "owner", phone=NEW, phone_source=PhoneSource.SELF, phone_confirmed_at=timezone.now(),
        directory_id="11111111-0000-4000-8000-000000000000", directory_phone=OTHER,
    )  # fmt: skip
    return WriteBack.objects.create(
        user=owner, e164=NEW, expected=OLD, state="refused", answer="The directory said no: a rule.", attempts=1
    )


def test_the_list_shows_reason_and_masks_numbers(staff: Callable[..., Client], refused: WriteBack) -> None:
    page = staff("auditor").get(LIST, secure=True).content.decode()
    assert "The directory said no: a rule." in page
    assert "+49 *** **78" in page
    assert NEW not in page
    own = staff("admin")
    assert NEW in own.get(LIST, secure=True).content.decode()
    assert "said no" not in own.get(f"{LIST}?state__exact=queued", secure=True).content.decode()
    assert own.get(f"{LIST}?e164__startswith=%2B49", secure=True).status_code in (302, 400)


def test_an_admin_orders_it_anew_and_the_trail_says_so(staff: Callable[..., Client], refused: WriteBack) -> None:
    admin = staff("admin")
    path = f"{LIST}{refused.pk}/"
    assert b"Try again" in admin.get(f"{path}change/", secure=True).content
    assert admin.post(f"{path}again/", secure=True).status_code == 302
    refused.refresh_from_db()
    assert (refused.state, refused.expected) == ("queued", OTHER)
    event = AuditEvent.objects.get(action="phone.write-back-ordered")
    assert (event.user, event.actor_name) == (refused.user, "admin-person")
    again = admin.post(f"{path}again/", secure=True, follow=True)
    assert b"Nothing was ordered" in again.content
    assert b"Try again" not in admin.get(f"{path}change/", secure=True).content
    assert admin.get(f"{path}again/", secure=True).status_code == 405
    assert admin.post(f"{LIST}999999/again/", secure=True).status_code == 404


def test_an_auditor_looks_and_orders_nothing(staff: Callable[..., Client], refused: WriteBack) -> None:
    auditor = staff("auditor")
    assert b"Try again" not in auditor.get(f"{LIST}{refused.pk}/change/", secure=True).content
    assert auditor.post(f"{LIST}{refused.pk}/again/", secure=True).status_code == 403


def test_the_page_of_a_person_says_what_became_of_the_number(staff: Callable[..., Client], refused: WriteBack) -> None:
    User.objects.filter(pk=refused.user_id).update(phone_next=OTHER, phone_next_at=timezone.now())
    page = staff("admin").get(f"/admin/accounts/user/{refused.user_id}/change/", secure=True).content.decode()
    assert "refused by the directory" in page
    assert f"{LIST}{refused.pk}/change/" in page
    assert "counts from" in page


@pytest.mark.parametrize(
    ("state", "action"),
    [("written", "phone.written-back"), ("refused", "phone.write-back-refused"), ("superseded", None)],
)
def test_how_it_ended_is_in_the_trail_with_the_number_masked(
    refused: WriteBack, state: str, action: str | None
) -> None:
    refused.state = state
    write_back_ended.send(sender=WriteBack, row=refused)
    found = [(event.action, event.reason, event.details) for event in AuditEvent.objects.all()]
    assert found == ([(action, refused.answer, {"new": "+49 *** **78"})] if action else [])


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("queued", "waits to be written"), ("written", "also written to"),
        ("refused", "did not take your number"), ("given_up", "did not take your number"),
    ],
)  # fmt: skip
def test_the_owners_page_says_how_the_directory_took_it(
    refused: WriteBack, signed_in: Callable[..., Client], state: str, told: str
) -> None:
    WriteBack.objects.update(state=state)
    client = signed_in(refused.user, add_factor(refused.user))
    page = client.get("/sms/change/", secure=True).content.decode()
    assert told in page
    assert "a rule" not in page
    assert ("did not take" in client.get("/", secure=True).content.decode()) == (state in ("refused", "given_up"))
    assert "The directory keeps the number it has." in client.get("/sms/remove/", secure=True).content.decode()


def test_the_page_of_one_is_headed_by_whose_number_it_is(staff: Callable[..., Client], refused: WriteBack) -> None:
    page = staff("admin").get(f"{LIST}{refused.pk}/change/", secure=True).content.decode()
    assert f"<h1>Number of {refused.user.get_full_name()} for the directory</h1>" in page
    assert "None" not in page
