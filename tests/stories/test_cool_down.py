"""Somebody talked helpdesk into a reset: the new app opens what matters most only when the owner had time to notice."""

from __future__ import annotations

import html
import json
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from mfa.api import clients
from mfa.api.clients import Verb
from mfa.models import Application, AuthenticationRecord, Factor
from mfa.outcomes import FACTOR_NEW, OATH_VERIFIED
from tests.conftest import PASSWORD
from tests.mfa.doors import SECRET, add_factor, give_role, read_back, sign_in
from tests.stories import acting
from tests.stories.authenticator import Phone
from tests.stories.noon import NOON, clock
from tests.stories.test_helpdesk import CODE, PEOPLE, browser, do, set_up_app

__all__ = ["clock"]

pytestmark = pytest.mark.row("T-59")
FROM = "Tuesday, 3 Mar, 12:01"


@pytest.fixture
def keys(make_user: Callable[..., User]) -> dict[str, str]:
    """Of a sensitive application and another one."""
    operator, now = make_user("operator"), timezone.now()
    Application.objects.create(slug="bank", name="Bank", mode="password-and-code", cool_down_hours=24)
    Application.objects.create(slug="wiki", name="Wiki", mode="password-and-code")
    return {
        row.slug: clients.issue(
            row, verbs=tuple(Verb), networks=("127.0.0.0/8",), expires_at=now + timedelta(days=30), actor=operator,
            now=now,
        )
        for row in Application.objects.all()
    }  # fmt: skip


def call(path: str, key: str, body: dict[str, str]) -> Any:
    return Client(SERVER_NAME="portal.test").post(
        f"/api/v1/{path}", json.dumps(body), content_type="application/json",
        headers={"authorization": f"Bearer {key}"}, secure=True,
    )  # fmt: skip


def verified(key: str, code: str) -> bool:
    return bool(call("verify", key, {"username": "alice", "password": PASSWORD, "code": code}).json()["accepted"])


def let_in_by_radius(key: str, code: str) -> bool:
    unique = f"0x{secrets.token_hex(16)}"
    packet = {"User-Name": "alice", "User-Password": PASSWORD + code, "Identifier": "7", "Authenticator": unique}
    return bool(call("radius/authorize", key, packet).status_code == 200)


def page(client: Client, path: str) -> str:
    answer = client.get(path, secure=True, follow=True)
    assert answer.status_code == 200, path
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


@pytest.fixture
def phone(agent: acting.Person, alice: User) -> tuple[Client, Phone]:
    """What whoever called helpdesk set up a moment ago, signed in with it."""
    add_factor(alice)
    read_back(agent.user, alice)
    do(agent, "reset", alice)
    code = CODE.search(do(agent, "activate", alice))
    assert code
    client = browser()
    acting.give_password(client, "alice")
    client.post("/activation/", {"code": code[0]}, secure=True)
    return client, set_up_app(client)


@pytest.mark.parametrize("let_in", [verified, let_in_by_radius])
def test_the_new_app_opens_the_rest_at_once_and_what_is_sensitive_a_day_later(
    let_in: Callable[[str, str], bool], keys: dict[str, str], phone: tuple[Client, Phone],
    clock: time_machine.Traveller,
) -> None:  # fmt: skip
    _, app = phone
    clock.shift(timedelta(minutes=1))
    assert not let_in(keys["bank"], app.code())
    refused = AuthenticationRecord.objects.latest("pk")
    assert (refused.code, refused.cause) == (
        FACTOR_NEW.code, "Factor New After A Reset: taken from 2026-03-03 12:01+00:00"
    )  # fmt: skip
    assert let_in(keys["wiki"], app.code()), "what was refused there was not used up"
    clock.move_to(NOON + timedelta(hours=23, minutes=59))
    assert not let_in(keys["bank"], app.code())
    clock.move_to(NOON + timedelta(hours=24, minutes=1))
    assert let_in(keys["bank"], app.code())
    assert AuthenticationRecord.objects.latest("pk").code == OATH_VERIFIED.code


def test_its_owner_reads_everywhere_from_when_on_it_is_taken(
    keys: dict[str, str], phone: tuple[Client, Phone], clock: time_machine.Traveller
) -> None:
    client, app = phone
    new = "New phone is new after a reset or other help from helpdesk. Bank takes it from " + FROM
    assert f"Ready later for: Bank, from {FROM} on" in page(client, "/")
    assert f"{new} on." in page(client, "/rehearsal/")
    assert "Bank: takes" not in page(client, "/rehearsal/")
    assert f"{new} on." in page(client, "/why/")
    clock.shift(timedelta(minutes=1))
    verified(keys["bank"], app.code())
    tried = page(client, "/why/")
    assert "The factor was new after a reset or other help from helpdesk" in tried
    assert f"It is taken there from {FROM} on." in tried
    client.post("/language/", {"language": "de"}, secure=True)
    assert "Bank nimmt das ab Dienstag, 3. März, 12:01 an." in page(client, "/why/")
    clock.move_to(NOON + timedelta(hours=24, minutes=1))
    later = browser()
    acting.give_password(later, "alice")
    acting.give_code(later, app.code())
    later.post("/language/", {"language": "en"}, secure=True)
    assert "Ready for: Bank, Wiki" in page(later, "/")


def test_where_all_wait_nobody_is_told_to_set_up_another(keys: dict[str, str], phone: tuple[Client, Phone]) -> None:
    Application.objects.filter(slug="wiki").delete()
    assert "None of these accepts what you have yet." in page(phone[0], "/rehearsal/")


def test_beside_a_factor_that_is_taken_the_rehearsal_tells_of_the_new_one(
    client: Client, alice: User, keys: dict[str, str]
) -> None:
    old = add_factor(alice, name="Old phone", state={"algorithm": "SHA1", "digits": 6, "period": 30})
    add_factor(
        alice, name="New phone", state={"algorithm": "SHA1", "digits": 6, "period": 30}, new_since=timezone.now()
    )
    sign_in(client, alice, old)
    shown = page(client, "/rehearsal/talk/?at=bank")
    assert f"New phone is new after a reset or other help from helpdesk. Bank takes it from {FROM} on." in shown
    assert "Connect" in shown


def test_helpdesk_reads_it_on_the_persons_page_and_in_the_simulator(
    agent: acting.Person, make_user: Callable[..., User], alice: User, keys: dict[str, str],
    phone: tuple[Client, Phone],
) -> None:  # fmt: skip
    shown = page(agent.client, f"{PEOPLE}{alice.pk}/change/")
    assert "New after a reset or other help from helpdesk. Bank takes it from 3 Mar 2026, 12:01 on." in shown
    assert "Ready later for: Bank" in shown
    bank = Application.objects.get(slug="bank")
    auditor = acting.with_app(browser(), give_role(make_user("otto"), "auditor"))
    simulated = page(auditor.client, f"/admin/mfa/authenticationrecord/simulate/?person=alice&application={bank.pk}")
    assert "1026 Factor New After A Reset: taken from 2026-03-03 12:01+00:00" in simulated
    assert "taken here from 3 Mar 2026, 12:01 on" in simulated


def test_a_temporary_code_is_offered_with_the_hours_that_it_waits_there(agent: acting.Person, alice: User) -> None:
    Application.objects.create(slug="bank", name="Bank", cool_down_hours=24)
    Application.objects.create(slug="wiki", name="Wiki")
    shown = page(agent.client, f"{PEOPLE}act/temporary/?people={alice.pk}")
    assert "Bank (24 hours after it was given)" in shown
    assert "Wiki (" not in shown


@pytest.mark.parametrize("path", ["verify", "radius/authorize"])
def test_no_statement_is_asked_for_it(path: str, alice: User, keys: dict[str, str], clock: Any) -> None:
    """Neither where an application has no such hours, nor where it has, be the person's factor new or not."""
    app = Phone(SECRET, "alice")
    add_factor(alice, state={"algorithm": "SHA1", "digits": 6, "period": 30})
    let_in = verified if path == "verify" else let_in_by_radius

    def statements(slug: str, new_since: datetime | None) -> int:
        clock.shift(timedelta(seconds=61))  # each time the key's use is noted
        Factor.objects.update(new_since=new_since)
        with CaptureQueriesContext(connection) as asked:
            assert let_in(keys[slug], app.code())
        return len(asked)

    for slug in keys:  # the first of each finds nothing configured yet, and an address that is new there
        statements(slug, None)
    cases = [("wiki", None), ("bank", None), ("wiki", NOON), ("bank", NOON - timedelta(hours=30))]
    assert len({statements(slug, new_since) for slug, new_since in cases}) == 1
