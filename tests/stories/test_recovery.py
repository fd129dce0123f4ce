"""A person and ten codes on paper."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import User
from mfa import holdings, policy
from mfa.models import Delivery, Factor
from tests.stories import acting
from tests.stories.acting import Person
from tests.stories.browsing import follow, get, post, text
from tests.stories.noon import NOON, clock

__all__ = ["clock"]

SHAPE = re.compile(r"<li>([0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3})</li>")


@pytest.fixture
def person(client: Client, alice: User) -> Person:
    return acting.with_app(client, alice)


def start(client: Client) -> list[str]:
    """Have codes shown; returns them."""
    found = SHAPE.findall(text(follow(client, post(client, "/recovery/"))))
    assert len(set(found)) == 10
    return found


def make_codes(client: Client) -> list[str]:
    shown = start(client)
    assert post(client, "/recovery/codes/", code=shown[0]).status_code == 302
    return shown


def sign_in_by(client: Client, code: str, username: str = "alice") -> Any:
    acting.give_password(client, username)
    return acting.give_code(client, code, way="recovery")


def elsewhere() -> Client:
    return Client(headers={"host": "portal.test"})


def test_the_dashboard_leads_to_recovery_codes_and_then_counts_them(person: Person) -> None:
    assert 'href="/recovery/"' in text(get(person.client, "/"))
    shown = start(person.client)
    answer = post(person.client, "/recovery/codes/", code=shown[4].lower().replace("-", " "))
    page = text(follow(person.client, answer))
    assert "Your recovery codes are set up." in page
    assert "Try what the VPN will ask" in page
    page = text(get(person.client, "/"))
    assert "<dt>Left</dt><dd>10</dd>" in page


def test_a_code_lets_its_owner_in_once_and_says_how_many_are_left(person: Person) -> None:
    codes = make_codes(person.client)
    browser = elsewhere()
    assert sign_in_by(browser, codes[3]).status_code == 302
    assert "<dt>Left</dt><dd>9</dd>" in text(get(browser, "/"))
    answer = sign_in_by(elsewhere(), codes[3])
    assert answer.status_code == 422
    assert "used already" in text(answer)
    assert Delivery.objects.filter(template="recovery-used", recipient="alice@example.test").count() == 1


def test_a_warning_appears_when_three_are_left(person: Person) -> None:
    codes = make_codes(person.client)
    for code in codes[:6]:
        assert sign_in_by(elsewhere(), code).status_code == 302
    assert "Only" not in text(get(person.client, "/"))
    sign_in_by(elsewhere(), codes[6])
    assert "Only 3 recovery codes are left." in text(get(person.client, "/"))


def test_a_used_up_set_is_no_longer_offered_and_the_dashboard_asks_for_a_new_one(person: Person) -> None:
    codes = make_codes(person.client)
    browser = elsewhere()
    acting.give_password(browser, "alice")
    assert "Recovery codes" in text(get(browser, "/sign-in/code/"))
    for code in codes:
        assert sign_in_by(elsewhere(), code).status_code == 302
    assert "Recovery codes" not in text(get(browser, "/sign-in/code/"))
    assert "a way back in" in text(get(person.client, "/"))


@pytest.mark.row("F-18")
@pytest.mark.row("T-58c")
def test_a_reload_shows_the_same_codes_until_they_are_confirmed_and_never_after(person: Person) -> None:
    shown = start(person.client)
    assert SHAPE.findall(text(get(person.client, "/recovery/codes/"))) == shown
    answer = post(person.client, "/recovery/codes/", code="AAAA-AAAA-AAAA-AAAA")
    assert answer.status_code == 422
    assert SHAPE.findall(text(answer)) == shown
    post(person.client, "/recovery/codes/", code=shown[0])
    for path in ("/recovery/codes/", "/recovery/codes/recovery-codes.txt", "/recovery/", "/", "/history/"):
        page = text(person.client.get(path, secure=True, follow=True))
        assert not any(code in page for code in shown), path


@pytest.mark.row("F-18")
def test_confirming_twice_changes_nothing(person: Person) -> None:
    codes = make_codes(person.client)
    answer = post(person.client, "/recovery/codes/", code=codes[0])
    assert answer.headers["Location"] == "/recovery/"
    assert sign_in_by(elsewhere(), codes[0]).status_code == 302


@pytest.mark.row("T-58c")
def test_the_codes_can_be_downloaded_as_text_and_are_nobodys_to_keep(person: Person) -> None:
    shown = start(person.client)
    answer = get(person.client, "/recovery/codes/recovery-codes.txt")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert answer.content.decode().splitlines()[-10:] == shown
    assert "alice" in answer.content.decode()
    for path in ("/recovery/codes/", "/recovery/codes/recovery-codes.txt"):
        assert "no-store" in get(person.client, path).headers["Cache-Control"]


@pytest.mark.row("T-28")
def test_no_session_holds_a_code(person: Person) -> None:
    shown = start(person.client)
    sessions = str([session.get_decoded() for session in Session.objects.all()])
    assert "recovery_waiting" in sessions
    assert not any(code in sessions or code.replace("-", "") in sessions for code in shown)


@pytest.mark.row("T-44")
def test_old_codes_work_until_the_new_ones_are_confirmed_and_then_never(person: Person) -> None:
    old = make_codes(person.client)
    page = text(get(person.client, "/recovery/"))
    assert "You have 10 codes left." in page
    new = start(person.client)
    assert sign_in_by(elsewhere(), old[1]).status_code == 302
    assert sign_in_by(elsewhere(), new[1]).status_code == 422
    post(person.client, "/recovery/codes/", code=new[0])
    assert sign_in_by(elsewhere(), old[2]).status_code == 422
    assert sign_in_by(elsewhere(), new[1]).status_code == 302


@pytest.mark.row("T-42")
def test_codes_of_somebody_else_open_nothing(person: Person, make_user: object) -> None:
    browser = elsewhere()
    acting.with_app(browser, make_user("bob"))  # type: ignore[operator]
    make_codes(browser)
    codes = make_codes(person.client)
    assert sign_in_by(elsewhere(), codes[0], username="bob").status_code == 422
    assert sign_in_by(elsewhere(), codes[0]).status_code == 302


@pytest.mark.row("N-17")
def test_making_codes_needs_a_fresh_proof(person: Person, clock: time_machine.Traveller) -> None:
    clock.shift(timedelta(minutes=6))
    for path in ("/recovery/", "/recovery/codes/", "/recovery/remove/"):
        assert post(person.client, path).headers["Location"].startswith("/prove/"), path
    assert not Factor.objects.filter(kind="recovery").exists()


@pytest.mark.row("T-58c")
@pytest.mark.row("T-46")
def test_another_session_of_the_same_person_neither_sees_nor_confirms_the_codes(person: Person) -> None:
    shown = start(person.client)
    other = elsewhere()
    acting.give_password(other, "alice")
    acting.give_code(other, person.code(steps=1))
    assert get(other, "/recovery/codes/").headers["Location"] == "/recovery/"
    assert post(other, "/recovery/codes/", code=shown[0]).headers["Location"] == "/recovery/"
    assert not Factor.objects.filter(kind="recovery", confirmed=True).exists()


@pytest.mark.row("T-46")
def test_codes_that_waited_too_long_do_not_count(person: Person, clock: time_machine.Traveller) -> None:
    shown = start(person.client)
    clock.shift(timedelta(minutes=16))
    post(person.client, "/prove/", code=person.code())
    answer = post(person.client, "/recovery/codes/", code=shown[0])
    assert "not confirmed in time" in text(follow(person.client, answer))
    assert not Factor.objects.filter(kind="recovery", confirmed=True).exists()


@pytest.mark.row("T-22c")
def test_without_another_factor_there_are_no_codes(client: Client, alice: User) -> None:
    acting.give_password(client, "alice")
    assert "Set that up first." in text(follow(client, post(client, "/recovery/")))
    assert not Factor.objects.exists()


def test_removed_codes_no_longer_work(person: Person) -> None:
    codes = make_codes(person.client)
    assert "only helpdesk can let you in" in text(get(person.client, "/recovery/remove/"))
    assert "are removed" in text(follow(person.client, post(person.client, "/recovery/remove/")))
    assert acting.give_code(elsewhere(), codes[0], way="recovery").status_code == 302
    browser = elsewhere()
    assert sign_in_by(browser, codes[0]).status_code == 422
    assert post(person.client, "/recovery/remove/").headers["Location"] == "/"


def test_who_came_in_by_a_code_stays_signed_in_when_making_new_ones(person: Person) -> None:
    codes = make_codes(person.client)
    browser = elsewhere()
    sign_in_by(browser, codes[1])
    make_codes(browser)
    assert get(browser, "/history/").status_code == 200
    post(browser, "/recovery/remove/")
    assert get(browser, "/history/").status_code == 200
    assert get(person.client, "/history/").status_code == 302


def test_who_lost_the_phone_comes_in_by_a_code_and_sets_up_the_new_one(
    person: Person, clock: time_machine.Traveller
) -> None:
    codes = make_codes(person.client)
    browser = elsewhere()
    sign_in_by(browser, codes[1])
    old = Factor.objects.get(kind="totp")
    assert follow(browser, post(browser, f"/totp/{old.pk}/move/")).status_code == 200


@pytest.mark.row("T-22c")
def test_codes_that_are_the_last_way_in_stay_while_a_factor_is_required(person: Person) -> None:
    codes = make_codes(person.client)
    policy.require(person.user, True, actor=None, reason="test")
    Factor.objects.filter(kind="totp").update(disabled_at=NOON)
    assert sign_in_by(elsewhere(), codes[1]).status_code == 302
    assert "Nothing was removed" in text(follow(person.client, post(person.client, "/recovery/remove/")))
    assert [factor.kind for factor in holdings.usable(person.user, now=NOON)] == ["recovery"]
