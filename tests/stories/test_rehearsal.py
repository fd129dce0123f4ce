"""Trying what the VPN will ask: the gateway's own questions, judged for that gateway, and nothing opens."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource, User
from mfa import holdings, kinds
from mfa.delivery import outbox
from mfa.models import Application, AuthenticationRecord, Delivery, Factor, Remembered, RememberRule
from mfa.verification import prompts
from tests.stories import acting
from tests.stories.noon import clock

__all__ = ["clock"]

NUMBER = "+491701234567"


@pytest.fixture
def person(client: Client, alice: User) -> acting.Person:
    """Alice with an app and a confirmed number."""
    users.set_phone(alice, NUMBER, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=alice)
    return acting.with_app(client, User.objects.get(pk=alice.pk))


def page(client: Client, path: str) -> str:
    answer = client.get(path, secure=True, follow=True)
    assert answer.status_code == 200, path
    return words(answer)


def words(answer: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def talk(person: acting.Person, at: str, **typed: str) -> Any:
    return person.client.post(f"/rehearsal/talk/?at={at}", typed, secure=True)


def vpn(**fields: Any) -> Application:
    return Application.objects.create(slug="vpn", name="Company VPN", **fields)


def test_the_question_is_the_gateways_own_and_a_right_code_ends_with_ready(person: acting.Person) -> None:
    vpn()
    assert "Company VPN" in page(person.client, "/rehearsal/")
    talk(person, "vpn", connect="yes")
    factor = holdings.usable(person.user, now=timezone.now())[0]
    question = prompts.ask(factor, [kinds.kind("sms")])
    assert question in page(person.client, "/rehearsal/talk/?at=vpn")
    answer = talk(person, "vpn", code=person.code(steps=1))
    assert answer.headers["Location"] == "/rehearsal/ready/"
    shown = page(person.client, "/rehearsal/ready/")
    assert "Company VPN lets you in with this: Authenticator app." in shown
    record = AuthenticationRecord.objects.latest("pk")
    assert (record.application, record.purpose, record.accepted) == ("vpn", "test", True)
    assert Factor.objects.get(kind="totp").last_used_for == "portal"


def test_a_wrong_code_is_told_with_its_exact_cause(person: acting.Person) -> None:
    vpn()
    talk(person, "vpn", connect="yes")
    assert "used already" in words(talk(person, "vpn", code=person.code()))
    assert "seconds late" in words(talk(person, "vpn", code=person.code(steps=-3)))
    assert "That code is not right" in words(talk(person, "vpn", code=person.wrong_code()))
    assert "Type the code." in words(talk(person, "vpn", code=""))


def test_a_question_that_ends_with_a_colon_gets_no_second_one_where_it_is_refused(person: acting.Person) -> None:
    vpn(kinds=["totp"])
    talk(person, "vpn", connect="yes")
    refused = talk(person, "vpn", code="").content.decode()
    assert "authenticator app: Type the code." in refused


def test_the_word_sms_has_a_code_sent_as_at_the_gateway(person: acting.Person) -> None:
    vpn()
    talk(person, "vpn", connect="yes")
    talk(person, "vpn", code="sms")
    assert "Code sent to +49 *** **67" in page(person.client, "/rehearsal/talk/?at=vpn")
    text = outbox.read(Delivery.objects.filter(channel="sms", template="code").latest("pk"))
    code = re.search(r"\d{6}", text)[0]  # type: ignore[index]
    assert talk(person, "vpn", code=code).headers["Location"] == "/rehearsal/ready/"


def test_a_rehearsal_spares_nobody_a_code(person: acting.Person) -> None:
    vpn()
    RememberRule.objects.create(name="anywhere", scope="user", seconds=600)
    talk(person, "vpn", connect="yes")
    talk(person, "vpn", code=person.code(steps=1))
    assert not Remembered.objects.exists()


def test_an_application_that_takes_nothing_of_mine_says_what_it_takes(person: acting.Person) -> None:
    vpn(kinds=["motp"])
    shown = page(person.client, "/rehearsal/")
    assert "None of these accepts what you have" in shown
    assert "Company VPN: takes mOTP" in shown
    assert talk(person, "vpn", connect="yes").headers["Location"] == "/rehearsal/"
    assert "Not ready for" in page(person.client, "/")


@pytest.mark.parametrize("slug", ["off", "nobodys", "portal", "portal test", ""])
def test_only_applications_in_use_can_be_tried(person: acting.Person, slug: str) -> None:
    vpn()
    Application.objects.create(slug="off", name="Old", active=False)
    assert talk(person, slug, connect="yes").headers["Location"] == "/rehearsal/"


def test_without_any_application_the_general_one_is_tried(person: acting.Person) -> None:
    assert "Connect" in page(person.client, "/rehearsal/")
    talk(person, "any application", connect="yes")
    assert talk(person, "any application", code=person.code(steps=1)).headers["Location"] == "/rehearsal/ready/"


def test_what_is_preferred_is_asked_for_first_there_too(person: acting.Person) -> None:
    vpn()
    person.client.post("/preferred/", {"factor": "sms-0"}, secure=True)
    talk(person, "vpn", connect="yes")
    assert "Code sent to" in page(person.client, "/rehearsal/talk/?at=vpn")


@pytest.mark.parametrize(
    ("fields", "ready"),
    [
        ({"mode": "password-then-code", "kinds": ["sms"]}, True),
        ({"mode": "password-and-code", "kinds": ["sms"]}, False),
        ({"mode": "password-and-code", "kinds": ["totp"]}, True),
        ({"mode": "password-and-code", "kinds": ["totp"], "code_length": 8}, False),
        ({"mode": "password-and-code", "kinds": ["totp"], "code_length": 8, "separator": ","}, True),
        ({"mode": "code-only", "kinds": ["totp"], "code_length": 8}, True),
    ],
)
def test_ready_is_only_what_can_be_typed_there(person: acting.Person, fields: dict[str, Any], ready: bool) -> None:
    vpn(**fields)
    shown = page(person.client, "/rehearsal/")
    assert ("None of these accepts what you have" not in shown) is ready
