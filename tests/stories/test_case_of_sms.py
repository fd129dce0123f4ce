"""The case of the VPN user who gets no code by SMS: the number has no country code.

A real directory, an admin who presses “Sync now”, and two people: one of the directory, one made by hand who mends the
number alone, on a page that asks for the country.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from accounts.models import SyncRun, User
from mfa import holdings
from mfa.kinds import Answer, Purpose
from mfa.models import Application, Budget, Delivery
from mfa.verification import service
from tests.accounts.directory.places import settings_for
from tests.answers import Answer as Page
from tests.browser.stage import code_in, latest_message
from tests.services.servers.people import person
from tests.services.slapd import Slapd
from tests.stories import acting
from tests.stories.test_sync_desk import RUNS, Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.django_db
WITHOUT_CODE = "0170 1234501"


@pytest.fixture
def company(slapd: Slapd, settings: LazySettings) -> Iterator[Slapd]:
    """Nothing says which country its people are in."""
    slapd.reset()
    for name, value in (settings_for(slapd) | {"PHONE_DEFAULT_REGION": ""}).items():
        setattr(settings, name, value)
    slapd.load(person("national", {"mobile": WITHOUT_CODE}, base=slapd.base))
    slapd.load(person("extension", {"mobile": "+49 170 1234504 ext. 12"}, base=slapd.base))
    slapd.load(person("desk", {"telephoneNumber": "+49 170 1234502"}, base=slapd.base))
    slapd.load(person("both", {"mobile": "+49 170 1234503", "telephoneNumber": "+49 170 9999999"}, base=slapd.base))
    yield slapd
    slapd.reset()


@pytest.mark.usefixtures("company")
def test_a_number_without_a_country_code_is_found_mended_and_gets_its_code(
    desk: Desk, make_user: Callable[..., User]
) -> None:
    Application.objects.create(slug="vpn", name="Company VPN")
    no_number_without_a_country_is_stored(desk)
    for username in ("desk", "both"):
        the_vpn_lets_in(username)
    alice = make_user("alice", name="Alice Sample")
    mends_the_number_where_the_country_is_asked_for(alice)
    the_vpn_lets_in("alice")


def text(answer: Page) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def no_number_without_a_country_is_stored(desk: Desk) -> None:
    """What cannot be used is listed with the reason and, where there is one, a correction; `mobile` comes before
    `telephoneNumber`."""
    desk.press("start/", dry_run="no")
    run = SyncRun.objects.latest("pk")
    assert dict(User.objects.filter(directory_id__isnull=False).values_list("username", "phone")) == {
        "national": "", "desk": "+491701234502", "both": "+491701234503", "extension": "",
    }  # fmt: skip
    listed = desk.read(f"{RUNS}{run.pk}/change/?view=unusable")
    for words in (WITHOUT_CODE, "The country code is missing.", "+49 170 1234504 ext. 12", "+491701234504"):
        assert words in listed, words


def mends_the_number_where_the_country_is_asked_for(alice: User) -> None:
    client = Client(headers={"host": "portal.test"}, SERVER_NAME="portal.test")
    acting.give_password(client, alice.username)

    def change(**typed: str) -> Page:
        return client.post("/sms/change/", typed, secure=True)

    assert "Choose the country of the number." in text(change(country="", number=WITHOUT_CODE))
    preview = client.post("/sms/preview/", {"country": "DE", "number": WITHOUT_CODE}, secure=True)
    assert "Understood as +49 170 1234501" in text(preview)
    assert change(country="DE", number=WITHOUT_CODE).headers["Location"] == "/sms/confirm/"
    alice.refresh_from_db()
    assert alice.phone == "", "it counts when the code that went there has come back"
    sent = code_in(latest_message("+491701234501"))
    assert client.post("/sms/confirm/", {"code": sent}, secure=True).status_code == 302
    alice.refresh_from_db()
    assert (alice.phone, alice.phone_source) == ("+491701234501", "self")
    assert Delivery.objects.filter(recipient="+491701234501", channel="sms").count() == 1


def the_vpn_lets_in(username: str) -> None:
    """The VPN asks for a code by SMS, which comes, and is right."""
    Budget.objects.update(spent=[])  # a minute has passed
    user = User.objects.get(username=username)
    now = timezone.now()
    [factor] = [one for one in holdings.usable(user, now=now) if one.kind == "sms"]
    asked = service.challenge(factor, purpose=Purpose.APPLICATION, now=now)
    answer = Answer(code_in(latest_message(user.phone)), Purpose.APPLICATION, asked.token)
    assert service.verify(service.Attempt(user, answer, "vpn", "203.0.113.5"), now=now).accepted
