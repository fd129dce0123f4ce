"""Somebody who can write in the directory wants another person's codes: the owner hears of it before it counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.conf import LazySettings
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import tasks
from accounts.directory import write_back
from accounts.models import User, WriteBack
from mfa.models import AuditEvent
from tests.accounts.directory.places import settings_for
from tests.mfa.factors.phones import NEW, OLD
from tests.services.kannel import Kannel
from tests.services.slapd import Slapd
from tests.stories import acting
from tests.stories.phones import Phone
from tests.stories.test_phone import follow, get, post, text

NOON = datetime(2026, 3, 2, 12, 0, 4, tzinfo=UTC)
PASSWORD = "a long password of the directory"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    cache.clear()
    with time_machine.travel(NOON, tick=True) as traveller:
        yield traveller


@pytest.fixture
def company(
    slapd: Slapd, by_kannel: Kannel, settings: LazySettings, clock: time_machine.Traveller, db: None
) -> Iterator[Slapd]:
    """Victor with a confirmed number, in a directory that anybody's mobile can be changed in."""
    slapd.reset()
    slapd.configure(writable_attributes=["mobile"])
    for name, value in settings_for(slapd).items():
        setattr(settings, name, value)
    slapd.add_person("victor", mobile=OLD, userPassword=PASSWORD, mail="victor@example.test")
    sync()
    User.objects.filter(username="victor").update(phone_confirmed_at=NOON - timedelta(days=9))
    yield slapd
    slapd.reset()


def sync() -> None:
    call_command("sync_directory", "--json", stdout=StringIO())


def victor() -> User:
    return User.objects.get(username="victor")


def asks_for_a_code(client: Client) -> str:
    """What the page says about where the code goes."""
    page = follow(client, acting.give_password(client, "victor", PASSWORD))
    assert post(client, "/sign-in/code/send/?way=sms").status_code == 302
    return page


@pytest.mark.row("T-55b")
@pytest.mark.row("N-10")
def test_a_number_written_into_the_directory_gets_no_code_before_its_rest_is_over(
    company: Slapd, kannel: Kannel, client: Client, clock: time_machine.Traveller
) -> None:
    old, new = Phone(OLD, kannel), Phone(NEW, kannel)
    company.modify(f"uid=victor,{company.base}", mobile=NEW)
    sync()
    warning = old.text()
    assert "another phone number for you, +49 *** **78" in warning
    assert "+49 *** **67" in asks_for_a_code(client)
    assert re.search(r"\d{6}", old.text(nth=2))
    assert not [message for message in kannel.messages() if message.recipient == NEW]
    clock.shift(timedelta(hours=23))
    tasks.bring_rested_numbers()
    assert victor().phone == OLD
    clock.shift(timedelta(hours=1, minutes=1))
    tasks.bring_rested_numbers()
    assert victor().phone == NEW
    assert "codes no longer come here" in old.text(nth=3)
    later = Client(headers={"host": "portal.test"})
    assert "+49 *** **78" in asks_for_a_code(later)
    assert acting.give_code(later, new.code(), way="sms").status_code == 302


@pytest.mark.row("T-55b")
def test_the_owner_refuses_it_and_the_next_run_does_not_bring_it_back(
    company: Slapd, kannel: Kannel, clock: time_machine.Traveller
) -> None:
    company.modify(f"uid=victor,{company.base}", mobile=NEW)
    sync()
    found = re.search(r"https://portal\.test(/sms/refuse/\S+)", Phone(OLD, kannel).text())
    assert found
    anybody = Client(SERVER_NAME="portal.test", enforce_csrf_checks=False)
    assert get(anybody, found[1]).status_code == 200
    assert victor().resting_phone == NEW
    assert "Codes keep going to +49 *** **67" in text(post(anybody, found[1]))
    company.modify(f"uid=victor,{company.base}", telephoneNumber="+49 30 901820")
    sync()
    clock.shift(timedelta(days=2))
    tasks.bring_rested_numbers()
    assert (victor().phone, victor().refused_phone) == (OLD, NEW)
    assert AuditEvent.objects.filter(action="phone.refused", user=victor()).count() == 1


def test_a_number_that_was_confirmed_in_the_portal_is_in_the_directory_afterwards(
    company: Slapd,
    kannel: Kannel,
    client: Client,
    settings: LazySettings,
    clock: time_machine.Traveller,
) -> None:
    settings.PHONE_AUTHORITY = "write_back"
    asks_for_a_code(client)
    assert acting.give_code(client, Phone(OLD, kannel).code(), way="sms").status_code == 302
    clock.shift(61)  # two messages in a minute are too many
    follow(client, post(client, "/sms/change/", country="DE", number=NEW))
    follow(client, post(client, "/sms/confirm/", code=Phone(NEW, kannel).code()))
    assert "waits to be written" in text(get(client, "/sms/change/"))
    write_back.attempt(WriteBack.objects.get().pk, clock=timezone.now)
    assert "also written to your organisation's directory" in text(get(client, "/sms/change/"))
    ((_, values),) = company.search("(uid=victor)")
    assert values["mobile"] == [NEW.encode()]
    sync()
    assert (victor().phone, victor().phone_source, victor().directory_phone) == (NEW, "self", NEW)
