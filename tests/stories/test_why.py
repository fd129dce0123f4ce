"""Why can't I sign in? Each cause, as the person reads it after it happened, with the mend beside it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts import users
from accounts.models import PhoneSource, SyncProblem, SyncRun, User
from mfa import holdings, lost, outcomes
from mfa.models import Application, AuthenticationRecord, Delivery, Factor
from mfa.verification import log
from tests.mfa.doors import add_factor, give_role, sign_in
from tests.stories import acting
from tests.stories.noon import NOON, clock

__all__ = ["clock"]

NUMBER = "+491701234567"


@pytest.fixture
def person(client: Client, alice: User) -> acting.Person:
    return acting.with_app(client, alice)


def why(client: Client, path: str = "/why/") -> str:
    answer = client.get(path, secure=True)
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def fail(user: User, result: outcomes.Result, *, kind: str = "totp", cause: str = "", application: str = "vpn") -> None:
    now = NOON - timedelta(hours=1)
    log.write(
        user, user.username, result, application=application, address="203.0.113.7", kind=kind, cause=cause, now=now
    )


def test_when_nothing_is_wrong_it_says_so(person: acting.Person) -> None:
    shown = why(person.client)
    assert "Nothing stands in the way" in shown
    assert "the last one that worked was on 2 Mar 2026, 12:00" in shown


def test_who_has_to_wait_reads_of_other_ways_where_there_are_some_only(person: acting.Person) -> None:
    other = Client(headers={"host": "portal.test"})
    acting.give_password(other, "alice")
    for _ in range(5):
        acting.give_code(other, person.wrong_code())
    assert "Wait until then, or ask helpdesk." in why(person.client)
    add_factor(person.user, kind="motp")
    assert "Other ways work now." not in why(person.client), "mOTP is no way into the portal"
    add_factor(person.user, kind="recovery", state={"left": 10, "hashes": []})
    assert "Other ways work now." in why(person.client)


def test_a_late_clock_is_named_in_seconds_with_its_mend(person: acting.Person) -> None:
    other = Client(headers={"host": "portal.test"})
    acting.give_password(other, "alice")
    acting.give_code(other, person.code(steps=-3))
    shown = why(person.client)
    assert re.search(r"Your phone's clock is \d+ seconds late", shown)
    assert "Adjust the clock" in shown
    assert "Switch on automatic time on the phone" in shown


def test_a_code_that_was_used_already_is_told_apart_from_a_wrong_one(person: acting.Person) -> None:
    other = Client(headers={"host": "portal.test"})
    acting.give_password(other, "alice")
    acting.give_code(other, person.code())
    acting.give_code(other, person.wrong_code())
    shown = why(person.client)
    assert "The code had been used already" in shown
    assert "The code was wrong" in shown


def test_what_failed_at_a_gateway_carries_its_name(person: acting.Person) -> None:
    Application.objects.create(slug="vpn", name="Company VPN")
    fail(person.user, outcomes.OATH_OUT_OF_DATE, cause="+94 s")
    shown = why(person.client)
    assert "Your phone's clock is 94 seconds early" in shown
    assert "Company VPN · Authenticator app · from 203.0.113.7" in shown


def test_what_is_asked_of_the_log_is_never_its_own_words(person: acting.Person) -> None:
    for result in vars(outcomes).values():
        if isinstance(result, outcomes.Result):
            fail(person.user, result)
    shown = why(person.client)
    meanings = {one.meaning for one in vars(outcomes).values() if isinstance(one, outcomes.Result)}
    assert not [meaning for meaning in meanings if meaning in shown]


def test_every_result_has_a_number_of_its_own() -> None:
    codes = [one.code for one in vars(outcomes).values() if isinstance(one, outcomes.Result)]
    assert len(codes) == len(set(codes))


def test_a_number_without_country_code_in_the_directory_is_told(person: acting.Person) -> None:
    run = SyncRun.objects.create(state="done", trigger="shell")
    User.objects.filter(pk=person.user.pk).update(directory_id="1", phone="")
    SyncProblem.objects.create(
        run=run, user=person.user, username="alice", attribute="mobile", value="0170 1234567",
        reason="no_country_code",
    )  # fmt: skip
    assert "no country code" in why(person.client)


def test_a_message_that_was_not_handed_over_is_told_without_the_whole_number(person: acting.Person) -> None:
    Delivery.objects.create(
        user=person.user, channel="sms", template="code", recipient=NUMBER, state="failed", created_at=NOON,
        error="gateway refused",
    )  # fmt: skip
    fail(person.user, outcomes.SMS_NOT_SENT, kind="sms")
    shown = why(person.client)
    assert "The message was not handed over" in shown
    assert "A code by SMS to +49 *** **67" in shown
    assert NUMBER not in shown
    assert "gateway refused" not in shown


def test_a_lock_says_until_when(person: acting.Person, clock: time_machine.Traveller) -> None:
    other = Client(headers={"host": "portal.test"})
    acting.give_password(other, "alice")
    for _ in range(6):
        acting.give_code(other, person.wrong_code())
    assert "Wrong codes were typed: Authenticator app. The next one counts from 12:00:34." in why(person.client)
    clock.shift(60)
    assert "The next one counts from" not in why(person.client)


def test_wrong_passwords_name_their_source(person: acting.Person) -> None:
    for _ in range(6):
        acting.give_password(Client(headers={"host": "portal.test"}), "alice", "wrong")
    shown = why(person.client)
    assert "Wrong passwords came from 127.0.0.1." in shown
    assert "The password was wrong" in shown


def test_what_is_suspended_or_switched_off_stands_there_with_its_way_back(person: acting.Person) -> None:
    users.set_phone(person.user, NUMBER, source=PhoneSource.SELF, confirmed_at=NOON, actor=person.user)
    user = User.objects.get(pk=person.user.pk)
    gone = [factor for factor in holdings.usable(user, now=NOON) if factor.kind == "sms"]
    lost.report(user, gone, actor=user, now=NOON)
    Factor.objects.filter(kind="totp").update(disabled_at=NOON)
    other = Client(headers={"host": "portal.test"})
    sign_in(other, User.objects.get(pk=user.pk), Factor.objects.get(kind="totp"))
    shown = why(other)
    assert "SMS was reported lost and is suspended." in shown
    assert "It is back" in shown
    assert "Authenticator app is switched off after too many wrong codes." in shown


@pytest.mark.parametrize("role", ["helpdesk", "auditor", "admin"])
def test_helpdesk_reads_the_same_without_the_owners_buttons(
    person: acting.Person, make_user: Callable[..., User], role: str
) -> None:
    fail(person.user, outcomes.OATH_OUT_OF_DATE, cause="-94 s")
    staff = Client(headers={"host": "portal.test"})
    helper = give_role(make_user("helper"), role)
    sign_in(staff, helper, add_factor(helper))
    shown = why(staff, f"/admin/accounts/user/{person.user.pk}/why/")
    assert "Why can't Alice Sample sign in?" in shown
    assert "Your phone's clock is 94 seconds late" in shown
    assert "Adjust the clock" not in shown


def test_nobody_else_reads_it(person: acting.Person, make_user: Callable[..., User]) -> None:
    bob = make_user("bob")
    answer = person.client.get(f"/admin/accounts/user/{bob.pk}/why/", secure=True)
    assert answer.status_code == 403
    staff: Any = Client(headers={"host": "portal.test"})
    helper = give_role(make_user("helper"), "helpdesk")
    sign_in(staff, helper, add_factor(helper))
    assert staff.get("/admin/accounts/user/999999/why/", secure=True).status_code == 404


def test_the_history_is_narrowed_to_changes_or_sign_ins(person: acting.Person) -> None:
    changes, sign_ins = (why(person.client, f"/history/?show={show}") for show in ("changes", "sign-ins"))
    assert "Second factor added" in changes
    assert "from 127.0.0.1" not in changes
    assert "Second factor added" not in sign_ins
    assert "from 127.0.0.1" in sign_ins
    assert AuthenticationRecord.objects.filter(user=person.user).exists()
