"""The links in notices about the number: one look-up and one page, each link good for its purpose alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import PhoneSource, User
from mfa import codes
from mfa.delivery import outbox
from mfa.factors.sms import flows, links, resting, undo
from mfa.factors.sms.refusals import NothingToConfirm, NumberTaken
from mfa.kinds import Purpose
from mfa.models import AuditEvent, OneTimeCode
from mfa.outcomes import Refused
from tests.mfa.factors.phones import NEW, OLD, OTHER, code_to, last_to, link_to

DAY = timedelta(days=1)


@pytest.fixture
def owner(make_user: Callable[..., User]) -> User:
    return make_user("owner", phone=OLD, phone_source=PhoneSource.DIRECTORY)


@pytest.fixture
def path(owner: User) -> str:
    """The undo link after a change from OLD to NEW."""
    now = timezone.now()
    token = flows.start(owner, NEW, actor=owner, now=now).token
    flows.finish(owner, token, code_to(NEW), actor=owner, now=now)
    owner.refresh_from_db()
    return link_to(owner.email)


def rests(user: User, number: str) -> datetime:
    until = timezone.now() + DAY
    User.objects.filter(pk=user.pk).update(phone_next=number, phone_next_at=until)
    return until


@pytest.mark.row("T-45")
@pytest.mark.row("T-76")
@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_code_of_any_purpose_opens_only_its_own_door(owner: User, client: Client, purpose: Purpose) -> None:
    rests(owner, NEW)
    issued = codes.issue(
        owner, purpose, length=links.LENGTH, alphabet=codes.UNAMBIGUOUS, lifetime=DAY, now=timezone.now(), target="||"
    )
    for own, take, view in (
        (Purpose.UNDO_PHONE, undo.take, "undo"),
        (Purpose.REFUSE_PHONE, resting.take, "refuse"),
    ):
        if own == purpose:
            continue
        address = f"/sms/{view}/{issued.row.token}/{issued.code}/"
        assert client.get(address, secure=True).status_code == 410
        assert client.post(address, secure=True).status_code == 410
        with pytest.raises(NothingToConfirm):
            take(issued.row.token, issued.code, now=timezone.now())
    owner.refresh_from_db()
    assert (owner.phone, owner.resting_phone) == (OLD, NEW)
    assert OneTimeCode.objects.get(pk=issued.row.pk).ending == ""


@pytest.mark.row("T-54")
def test_the_undo_link_gives_nobody_a_number_that_another_account_has_where_each_has_one_owner(
    owner: User, path: str, client: Client, make_user: Callable[..., User], settings: Settings
) -> None:
    other = make_user("other", phone=OLD)
    settings.PHONE_SHARED = "refuse"
    for _ in range(2):
        answer = client.post(path, secure=True)
        assert (answer.status_code, b"belongs to another account" in answer.content) == (410, True)
    owner.refresh_from_db()
    assert owner.phone == NEW
    refused = AuditEvent.objects.filter(action="phone.restore-refused", user=owner, actor=None)
    assert refused.count() == 2
    User.objects.filter(pk=other.pk).update(is_active=False)
    assert b"Codes go to" in client.post(path, secure=True).content, "nothing was used up"
    owner.refresh_from_db()
    assert owner.phone == OLD


def test_a_wrong_code_in_the_link_learns_nothing_of_the_number(
    owner: User, path: str, client: Client, make_user: Callable[..., User], settings: Settings
) -> None:
    make_user("other", phone=OLD)
    settings.PHONE_SHARED = "refuse"
    token = path.split("/")[3]
    answer = client.post(f"/sms/undo/{token}/{'A' * links.LENGTH}/", secure=True)
    assert b"another account" not in answer.content
    assert OneTimeCode.objects.get(token=token).failures == 1


def test_the_undo_link_says_that_a_number_which_rests_is_dropped_with_it(
    owner: User, path: str, client: Client
) -> None:
    rests(owner, OTHER)
    page = client.get(path, secure=True).content.decode()
    assert "The directory's number +49 *** **43, which waits to be used from" in page
    client.post(path, secure=True)
    owner.refresh_from_db()
    assert (owner.phone, owner.phone_next, owner.phone_next_at) == (OLD, "", None)
    for recipient in (owner.email, OLD):
        text = outbox.read(last_to(recipient, "phone-restored"))
        assert "+49 *** **43" in text
        assert OTHER not in text
    assert AuditEvent.objects.get(action="phone.restored").details["waits no more"] == "+49 *** **43"


def test_where_nothing_rests_neither_page_nor_notice_speaks_of_it(owner: User, path: str, client: Client) -> None:
    assert b"waits" not in client.get(path, secure=True).content
    client.post(path, secure=True)
    assert "directory" not in outbox.read(last_to(owner.email, "phone-restored"))


def test_an_act_that_refuses_leaves_the_link_as_it_was(owner: User) -> None:
    issued = codes.issue(owner, Purpose.UNDO_PHONE, length=4, lifetime=DAY, now=timezone.now())

    def never(user: User, row: OneTimeCode) -> User:
        raise NumberTaken

    with pytest.raises(Refused):
        links.take(issued.row.token, issued.code, Purpose.UNDO_PHONE, never, now=timezone.now())
    assert OneTimeCode.objects.get(pk=issued.row.pk).ending == ""
