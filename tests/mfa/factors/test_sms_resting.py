"""A number that the directory has in place of a confirmed one: announced, refused, or counted when its rest is over."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import provisioning, users
from accounts.models import PhoneSource, User
from accounts.people import COLUMNS, Change, Person
from accounts.tasks import bring_rested_numbers
from mfa import holdings
from mfa.delivery import outbox
from mfa.factors.sms import flows, resting
from mfa.factors.sms.refusals import DirectoryDecides, NothingToConfirm
from mfa.models import AuditEvent, Delivery, OneTimeCode
from mfa.outcomes import Expired, Replayed, WrongCode
from tests.answers import Answer
from tests.mfa.doors import add_factor
from tests.mfa.factors.phones import NEW, OLD, OTHER, code_to, last_to

DAY = timedelta(hours=24)


@pytest.fixture
def owner(make_user: Callable[..., User]) -> User:
    return make_user(
        "owner", phone=OLD, phone_source=PhoneSource.DIRECTORY, phone_confirmed_at=timezone.now() - DAY,
        directory_id="11111111-0000-4000-8000-000000000000", directory_phone=OLD,
    )  # fmt: skip


def person(user: User) -> Person:
    return Person._make(User.objects.values_list("pk", *COLUMNS).get(pk=user.pk))


def directory_has(number: str, *people: User, now: datetime | None = None) -> None:
    """What a run does about a confirmed number."""
    moment = now or timezone.now()
    changes = [
        Change(old, old._replace(phone_next=number, phone_next_at=moment + DAY, directory_phone=number))
        for old in map(person, people)
    ]
    assert len(provisioning.change_many(changes, now=moment, actor=None)) == len(people)
    for user in people:
        user.refresh_from_db()


def link() -> tuple[str, str]:
    """Token and code of the newest link to the old number."""
    found = re.search(r"https://portal\.test/sms/refuse/([^/]+)/([^/]+)/", outbox.read(last_to(OLD, "phone-announced")))
    assert found
    return found[1], found[2]


def path() -> str:
    return "/sms/refuse/{}/{}/".format(*link())


def get(client: Client, url: str) -> Answer:
    return client.get(url, secure=True)


def post(client: Client, url: str, **typed: str) -> Answer:
    return client.post(url, typed, secure=True)


@pytest.mark.row("N-10")
def test_old_number_and_mailbox_are_told_at_once_with_masked_numbers_and_a_link(owner: User) -> None:
    directory_has(NEW, owner)
    for message in (last_to(OLD), last_to(owner.email)):
        text = outbox.read(message)
        assert message.template == "phone-announced"
        assert "+49 *** **78" in text
        assert "https://portal.test/sms/refuse/" in text
        assert NEW not in text
        assert message.expires_at == owner.phone_next_at
    assert not Delivery.objects.filter(recipient=NEW).exists()
    (event,) = AuditEvent.objects.all()
    assert (event.action, event.user, event.actor) == ("phone.announced", owner, None)
    assert NEW not in str(event.details)


def test_a_number_at_rest_gets_no_code_until_it_counts(owner: User) -> None:
    directory_has(NEW, owner)
    (factor,) = holdings.usable(owner, now=timezone.now())
    assert factor.user.phone == OLD
    provisioning.bring_rested(now=timezone.now() + timedelta(hours=23))
    owner.refresh_from_db()
    assert owner.phone == OLD


@pytest.mark.row("T-55b")
def test_the_link_refuses_the_number_for_good_and_works_once(owner: User, client: Client) -> None:
    directory_has(NEW, owner)
    url = path()
    for _ in range(3):  # a mail scanner
        page = get(client, url)
        assert page.status_code == 200
        assert b"+49 *** **78" in page.content
    owner.refresh_from_db()
    assert owner.resting_phone == NEW
    done = post(client, url)
    assert done.status_code == 200
    assert b"Codes keep going to +49 *** **67" in done.content
    owner.refresh_from_db()
    assert (owner.phone, owner.resting_phone, owner.refused_phone) == (OLD, "", NEW)
    assert AuditEvent.objects.filter(action="phone.refused", user=owner, actor=None).count() == 1
    assert "was refused" in outbox.read(last_to(owner.email))
    for answer in (get(client, url), post(client, url)):
        assert (answer.status_code, b"used already" in answer.content) == (410, True)
    assert provisioning.bring_rested(now=timezone.now() + 9 * DAY) == 0


def test_a_link_to_a_number_that_rests_no_more_changes_nothing(owner: User, client: Client) -> None:
    directory_has(NEW, owner)
    token, code = link()
    url = path()
    directory_has(OTHER, owner)
    owner.refresh_from_db()
    assert post(client, url).status_code == 410
    with pytest.raises(Expired):
        resting.take(token, code, now=timezone.now())
    assert resting.take(*link(), now=timezone.now()).refused_phone == OTHER
    User.objects.filter(pk=owner.pk).update(phone_next="", phone_next_at=None)
    with pytest.raises(Replayed):
        resting.take(*link(), now=timezone.now())


def test_a_link_whose_number_was_taken_back_by_the_directory_says_so(owner: User, client: Client) -> None:
    directory_has(NEW, owner)
    User.objects.filter(pk=owner.pk).update(phone_next="", phone_next_at=None)
    assert b"no longer waits" in get(client, path()).content
    with pytest.raises(NothingToConfirm):
        resting.take(*link(), now=timezone.now())


def test_a_guessed_code_opens_nothing(owner: User, client: Client) -> None:
    directory_has(NEW, owner)
    token, code = link()
    assert post(client, f"/sms/refuse/{token}/{'A' * len(code)}/").status_code == 410
    with pytest.raises(WrongCode):
        resting.take(token, "A" * len(code), now=timezone.now())
    owner.refresh_from_db()
    assert owner.resting_phone == NEW


def test_the_number_counts_when_its_rest_is_over_and_links_end(owner: User) -> None:
    directory_has(NEW, owner, now=timezone.now() - DAY - timedelta(minutes=1))
    bring_rested_numbers()
    owner.refresh_from_db()
    assert (owner.phone, owner.phone_source, owner.phone_confirmed_at) == (NEW, "directory", None)
    assert (owner.phone_next, owner.phone_next_at) == ("", None)
    assert {last_to(OLD).template, last_to(owner.email).template} == {"phone-changed-for-you"}
    assert not OneTimeCode.objects.filter(ending="").exists()


def test_inactive_people_get_no_number_until_they_are_back(owner: User) -> None:
    directory_has(NEW, owner, now=timezone.now() - 2 * DAY)
    users.deactivate_many([owner.pk], now=timezone.now(), actor=None)
    bring_rested_numbers()
    owner.refresh_from_db()
    assert owner.phone == OLD
    users.reactivate(owner)
    bring_rested_numbers()
    owner.refresh_from_db()
    assert owner.phone == NEW


@pytest.mark.row("T-55b")
def test_the_mailbox_that_was_known_is_told_where_the_directory_changes_number_and_mailbox_at_once(owner: User) -> None:
    known, moment = owner.email, timezone.now()
    for number, rests_until in ((NEW, moment + DAY), (OTHER, None)):
        old = person(owner)
        new = old._replace(
            email="thief@example.org", directory_phone=number, phone=old.phone if rests_until else number,
            phone_next=number if rests_until else "", phone_next_at=rests_until,
        )  # fmt: skip
        Delivery.objects.all().delete()
        User.objects.filter(pk=owner.pk).update(email=known)
        provisioning.change_many([Change(old._replace(email=known), new)], now=moment, actor=None)
        assert set(Delivery.objects.values_list("recipient", flat=True)) == {known, OLD}


@pytest.mark.row("T-55b")
def test_a_number_rests_anew_and_is_told_anew_when_its_owner_was_away_and_could_not_refuse_it(
    owner: User, client: Client
) -> None:
    directory_has(NEW, owner, now=timezone.now() - 2 * DAY)
    back = timezone.now()
    for active in (False, True):
        old = person(owner)
        provisioning.change_many([Change(old, old._replace(is_active=active))], now=back, actor=None)
    bring_rested_numbers()
    owner.refresh_from_db()
    assert (owner.phone, owner.resting_phone, owner.phone_next_at) == (OLD, NEW, back + DAY)
    post(client, path())
    owner.refresh_from_db()
    assert owner.refused_phone == NEW


@pytest.mark.parametrize("policy", ["allow", "warn", "refuse"])
def test_a_number_that_somebody_took_meanwhile_counts_only_where_sharing_is_allowed(
    owner: User, make_user: Callable[..., User], settings: Settings, policy: str
) -> None:
    settings.PHONE_SHARED = policy
    directory_has(NEW, owner, now=timezone.now() - 2 * DAY)
    make_user("other", phone=NEW, phone_source=PhoneSource.SELF)
    bring_rested_numbers()
    owner.refresh_from_db()
    assert (owner.phone, owner.refused_phone) == ((OLD, NEW) if policy == "refuse" else (NEW, ""))


def test_two_who_wait_for_one_number_are_both_refused_it(
    owner: User, make_user: Callable[..., User], settings: Settings
) -> None:
    settings.PHONE_SHARED = "refuse"
    second = make_user("second", phone=OTHER, phone_confirmed_at=timezone.now())
    directory_has(NEW, owner, second, now=timezone.now() - 2 * DAY)
    bring_rested_numbers()
    assert not User.objects.filter(phone=NEW).exists()
    assert not User.objects.exclude(phone_next_at=None).exists()


@pytest.mark.parametrize("count", [3, 400])
def test_thousands_are_told_in_a_few_statements(
    db: None, django_assert_max_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    people = [
        User(username=f"u{n}", email=f"u{n}@example.test", phone=f"+49170{2_000_000 + n}", password="!")
        for n in range(count)
    ]
    User.objects.bulk_create(people)
    now = timezone.now()
    changes = [Change(old, old._replace(phone_next=NEW, phone_next_at=now + DAY)) for old in map(person, people)]
    with django_assert_max_num_queries(35):
        provisioning.change_many(changes, now=now, actor=None)
    assert Delivery.objects.count() == 2 * count
    texts = {outbox.read(message).split("/refuse/")[1] for message in Delivery.objects.filter(channel="sms")[:50]}
    assert len(texts) == min(count, 50)


@pytest.fixture
def at_home(owner: User, signed_in: Callable[..., Client]) -> Client:
    return signed_in(owner, add_factor(owner))


def test_the_first_page_offers_both_answers(owner: User, at_home: Client) -> None:
    assert b"another number" not in get(at_home, "/").content
    directory_has(NEW, owner)
    page = get(at_home, "/").content.decode()
    assert "Your directory has another number, +49 *** **78." in page
    assert "/sms/change/?number=directory" in page
    assert "/sms/not-mine/" in page
    assert NEW not in page
    form = get(at_home, "/sms/change/?number=directory").content.decode()
    assert 'value="+49 1511 2345678"' in form


@pytest.mark.row("T-22b")
def test_the_owner_refuses_it_with_a_fresh_proof_only(
    owner: User, signed_in: Callable[..., Client], client: Client
) -> None:
    directory_has(NEW, owner)
    stale = signed_in(owner, add_factor(owner), proved_at=timezone.now() - timedelta(hours=1))
    assert post(stale, "/sms/not-mine/").headers["Location"].startswith("/prove/")
    owner.refresh_from_db()
    assert owner.resting_phone == NEW
    fresh = signed_in(owner, add_factor(owner, name="Other"))
    assert b"That is not my number" in get(fresh, "/sms/not-mine/").content
    assert post(fresh, "/sms/not-mine/").status_code == 302
    owner.refresh_from_db()
    assert owner.refused_phone == NEW
    page = get(fresh, "/sms/change/").content
    assert b"You refused the directory" in page
    assert b"helpdesk@portal.test" in page
    assert AuditEvent.objects.get(action="phone.refused").actor == owner


def test_use_it_now_asks_the_new_number_for_a_code(owner: User, at_home: Client) -> None:
    directory_has(NEW, owner)
    assert post(at_home, "/sms/change/", country="DE", number=NEW).status_code == 302
    assert post(at_home, "/sms/confirm/", code=code_to(NEW)).status_code == 302
    owner.refresh_from_db()
    assert (owner.phone, owner.phone_source, owner.phone_next, owner.phone_next_at) == (NEW, "self", "", None)
    assert owner.phone_confirmed_at
    assert not OneTimeCode.objects.filter(ending="", purpose="refuse-phone").exists()


@pytest.fixture
def decided(settings: Settings) -> None:
    settings.PHONE_AUTHORITY = "directory"
    settings.DIRECTORY_CONTACT = "the personnel office"


@pytest.mark.usefixtures("decided")
def test_where_the_directory_decides_nothing_is_offered_and_whom_to_ask_is_said(owner: User, at_home: Client) -> None:
    page = get(at_home, "/").content
    assert b"Change settings" not in page
    assert b"/sms/remove/" not in page
    for url in ("/sms/change/", "/sms/remove/"):
        told = get(at_home, url).content
        assert b"the personnel office" in told
        assert b"+49 *** **67" in told
        assert b"This number comes from the directory. It is confirmed." in told
        assert b'type="tel"' not in told


@pytest.mark.usefixtures("decided")
def test_where_the_directory_decides_no_address_changes_the_number(owner: User, at_home: Client) -> None:
    for url in ("/sms/change/", "/sms/remove/"):
        assert post(at_home, url, country="DE", number=NEW).status_code == 403
    now = timezone.now()
    with pytest.raises(DirectoryDecides):
        flows.start(owner, NEW, actor=owner, now=now)
    with pytest.raises(DirectoryDecides):
        flows.remove(owner, actor=owner, now=now)
    assert not Delivery.objects.exists()
    owner.refresh_from_db()
    assert owner.phone == OLD


def test_a_change_that_was_begun_before_the_directory_decided_is_not_finished(
    owner: User, at_home: Client, settings: Settings
) -> None:
    assert post(at_home, "/sms/change/", country="DE", number=NEW).status_code == 302
    settings.PHONE_AUTHORITY = "directory"
    assert post(at_home, "/sms/confirm/", code=code_to(NEW)).status_code == 422
    owner.refresh_from_db()
    assert owner.phone == OLD


@pytest.mark.usefixtures("decided")
def test_where_the_directory_decides_its_own_number_can_be_confirmed_early(owner: User, at_home: Client) -> None:
    directory_has(NEW, owner)
    assert b"/sms/change/?number=directory" in get(at_home, "/").content
    refused = post(at_home, "/sms/change/", country="DE", number=OTHER)
    assert (refused.status_code, b"directory decides" in refused.content) == (422, True)
    assert post(at_home, "/sms/change/", country="DE", number=NEW).status_code == 302
    assert post(at_home, "/sms/confirm/", code=code_to(NEW)).status_code == 302
    owner.refresh_from_db()
    assert (owner.phone, owner.phone_source) == (NEW, "directory")


@pytest.mark.usefixtures("decided")
def test_local_accounts_keep_their_own_word(make_user: Callable[..., User], signed_in: Callable[..., Client]) -> None:
    local = make_user("local")
    client = signed_in(local, add_factor(local))
    assert b"/sms/change/" in get(client, "/").content
    assert post(client, "/sms/change/", country="DE", number=NEW).status_code == 302


def test_where_the_own_word_stays_the_page_shows_the_directorys_masked(
    owner: User, at_home: Client, settings: Settings
) -> None:
    settings.PHONE_AUTHORITY = "self"
    User.objects.filter(pk=owner.pk).update(phone_source=PhoneSource.SELF, directory_phone=OTHER)
    page = get(at_home, "/sms/change/").content.decode()
    assert "The directory has another number, +49 *** **43." in page
    assert "Your own number stays" in page
    assert OTHER not in page
