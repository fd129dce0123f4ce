"""A person whose directory number is gone or cannot be used is told what is wrong, on their own pages alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.directory.entries import Flaw
from accounts.models import PhoneSource, SyncProblem, SyncRun, User
from accounts.phones import Reason
from mfa.factors.sms import notes
from tests.accounts.directory.places import Given, run
from tests.accounts.directory.samples import ALICE, BOB, MOBILE, OTHER, entry
from tests.answers import Answer
from tests.mfa.doors import add_factor

USABLE = "+491701234599"


def get(client: Client, path: str) -> Answer:
    return client.get(path, secure=True)


def people(**mobiles: str) -> dict[str, User]:
    """What a real run makes of these entries."""
    ids = {"alice": ALICE, "bob": BOB}
    run(Given([entry(ids[name], name, *([mobile] if mobile else [])) for name, mobile in mobiles.items()]))
    return {user.username: user for user in User.objects.all()}


@pytest.fixture
def page_of(signed_in: Callable[..., Client]) -> Callable[[User], str]:
    def page(user: User, path: str = "/") -> str:
        return get(signed_in(user, add_factor(user, name=path)), path).content.decode()

    return page


@pytest.mark.row("T-53")
@pytest.mark.django_db
def test_a_number_that_is_gone_is_kept_and_its_owner_told(page_of: Callable[..., str]) -> None:
    people(alice=MOBILE, bob=OTHER)
    known = people(alice="", bob=OTHER)
    assert known["alice"].phone == MOBILE
    told = page_of(known["alice"])
    assert "There is no number there any more. Codes keep going to +49 *** **67." in told
    assert "ask: helpdesk@portal.test" in told
    assert 'href="/sms/change/" data-dialog>Enter your number here' in told
    assert "There is no number there" not in page_of(known["bob"])


@pytest.mark.row("T-53")
@pytest.mark.django_db
def test_a_number_that_cannot_be_used_is_named_by_its_reason_and_its_suggestion_masked(
    page_of: Callable[..., str],
) -> None:
    alice = people(alice="0170 1234599 ext. 12", bob=OTHER)["alice"]
    told = page_of(alice)
    assert "The number there has an extension, which no text message reaches." in told
    assert "Use +49 *** **99" in told
    assert "/sms/change/?number=suggested" in told
    assert USABLE not in told
    assert "1234599" not in told
    assert 'value="+49 170 1234599"' in page_of(alice, "/sms/change/?number=suggested")


@pytest.mark.django_db
def test_nothing_is_said_once_the_directory_is_right_again(page_of: Callable[..., str]) -> None:
    alice = people(alice="ask the secretary")["alice"]
    assert "cannot be read as one phone number" in page_of(alice)
    assert "directory" not in page_of(people(alice=MOBILE)["alice"]).partition("<main")[2]


@pytest.mark.django_db
def test_who_has_a_number_of_their_own_is_not_bothered_by_the_directorys() -> None:
    alice = people(alice="ask the secretary")["alice"]
    User.objects.filter(pk=alice.pk).update(
        phone=OTHER, phone_source=PhoneSource.SELF, phone_confirmed_at=timezone.now()
    )
    alice.refresh_from_db()
    assert notes.urgent(alice, now=timezone.now()) == []


@pytest.mark.django_db
def test_where_the_directory_decides_only_it_can_mend_that(page_of: Callable[..., str], settings: Settings) -> None:
    settings.PHONE_AUTHORITY, settings.DIRECTORY_CONTACT = "directory", "the personnel office"
    alice = people(alice="030 901820")["alice"]
    told = page_of(alice)
    assert "landline number" in told
    assert "the personnel office" in told
    assert "Enter your number here" not in told
    assert "the personnel office" in page_of(alice, "/sms/change/")


@pytest.mark.django_db
@pytest.mark.parametrize("reason", [*Reason, *Flaw])
def test_every_reason_has_words_for_the_owner(reason: str, now: datetime, make_user: Callable[..., User]) -> None:
    alice = make_user("alice", directory_id=ALICE)
    found = SyncRun.objects.create(trigger="shell", state="done")
    SyncProblem.objects.create(run=found, user=alice, attribute="mobile", value="1", reason=reason)
    (note,) = notes.urgent(alice, now=now)
    assert note.text.endswith(("helpdesk@portal.test", "helpdesk@portal.test."))
    assert ("number there cannot be used" in note.text) == (reason not in notes.WHY)


@pytest.mark.django_db
def test_it_costs_one_query_and_none_for_whoever_is_well(
    make_user: Callable[..., User], now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    alice = people(alice="030 901820")["alice"]
    with django_assert_num_queries(1):
        assert notes.urgent(alice, now=now)
    well = people(alice=MOBILE)["alice"]
    with django_assert_num_queries(0):
        assert not notes.urgent(well, now=now)
