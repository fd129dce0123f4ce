"""A person and an authenticator app, from the first scan to the last."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from mfa import limits, policy
from mfa.models import Delivery, Factor, GuessCounter
from tests.conftest import PASSWORD
from tests.stories import acting
from tests.stories.apps import pk_of, set_up, signed_in
from tests.stories.authenticator import Phone, scan
from tests.stories.browsing import follow, get, post, text
from tests.stories.noon import clock

__all__ = ["clock", "signed_in"]


def test_set_up_leads_from_the_dashboard_to_recovery_codes(signed_in: Client) -> None:
    assert "/totp/add/" in text(get(signed_in, "/"))
    assert 'value="Authenticator app"' in text(get(signed_in, "/totp/add/"))
    page = follow(signed_in, post(signed_in, "/totp/add/", name="Work phone"))
    assert "<svg" in text(page)
    phone = scan(page)
    assert phone.label == f"{settings.PORTAL_NAME}:alice"
    answer = post(signed_in, "/totp/scan/", code=f"{phone.code()[:3]} {phone.code()[3:]}")
    assert answer.headers["Location"] == "/recovery/"
    assert "“Work phone” is set up." in text(follow(signed_in, answer))
    assert "Work phone" in text(get(signed_in, "/"))
    assert Delivery.objects.filter(template="factor-added", recipient="alice@example.test").count() == 1


def test_the_app_opens_the_portal_the_next_time(
    signed_in: Client, client: Client, clock: time_machine.Traveller
) -> None:
    phone = set_up(signed_in)
    post(signed_in, "/sign-out/")
    clock.shift(60)
    acting.give_password(client, "alice")
    assert acting.give_code(client, phone.code()).status_code == 302
    assert get(client, "/history/").status_code == 200


@pytest.mark.row("N-04")
@pytest.mark.row("T-01")
def test_a_code_works_once_across_sign_in_proof_test_and_sessions(
    signed_in: Client, clock: time_machine.Traveller
) -> None:
    phone = set_up(signed_in)
    clock.shift(60)
    others = [Client(headers={"host": "portal.test"}) for _ in range(2)]
    for other in others:
        acting.give_password(other, "alice")
    code = phone.code()
    assert acting.give_code(others[0], code).status_code == 302
    cache.clear()
    pages = (
        (others[1], "/sign-in/code/?way=totp"),
        (others[0], "/prove/"),
        (others[0], "/test/?way=totp"),
    )
    for browser, page in pages:
        answer = post(browser, page, code=code)
        assert answer.status_code == 422, page
        assert "used already" in text(answer)


def test_a_wrong_clock_is_named_at_set_up_and_at_sign_in(signed_in: Client, clock: time_machine.Traveller) -> None:
    page = follow(signed_in, post(signed_in, "/totp/add/", name="Phone"))
    phone = scan(page, clock_seconds=-94)
    answer = post(signed_in, "/totp/scan/", code=phone.code())
    assert answer.status_code == 422
    assert "seconds late" in text(answer)
    phone.clock_seconds = 0
    assert post(signed_in, "/totp/scan/", code=phone.code()).status_code == 302
    post(signed_in, "/sign-out/")
    clock.shift(600)
    phone.clock_seconds = 180
    acting.give_password(signed_in, "alice")
    answer = acting.give_code(signed_in, phone.code())
    assert "seconds early" in text(answer)
    assert "automatic time" in text(answer)


@pytest.mark.row("T-58c")
@pytest.mark.row("T-28")
def test_the_seed_is_neither_in_the_session_nor_on_any_page_once_confirmed(signed_in: Client) -> None:
    page = follow(signed_in, post(signed_in, "/totp/add/", name="Phone"))
    phone = scan(page)
    forms = (phone.key.hex(), base64.b32encode(phone.key).decode(), base64.b64encode(phone.key).decode())
    sessions = [str(session.get_decoded()) for session in Session.objects.all()]
    assert sessions
    assert not any(form in session for form in forms for session in sessions)
    post(signed_in, "/totp/scan/", code=phone.code())
    pk = pk_of("Phone")
    paths = ["/", "/history/", "/totp/add/", "/totp/scan/", "/test/?way=totp"]
    paths += [f"/totp/{pk}/{act}/" for act in ("clock", "rename", "move", "remove")]
    for path in paths:
        answer = signed_in.get(path, secure=True, follow=True)
        shown = text(answer).replace(" ", "")
        assert answer.status_code == 200
        assert not any(form in shown for form in forms), path
        assert phone.code() not in shown


@pytest.mark.row("T-58c")
def test_the_page_with_the_key_is_nobodys_to_keep(signed_in: Client) -> None:
    page = follow(signed_in, post(signed_in, "/totp/add/", name="Phone"))
    assert "no-store" in page.headers["Cache-Control"]
    assert "otpauth" not in page.headers.get("Link", "")


@pytest.mark.row("F-18")
def test_a_reload_shows_the_same_key(signed_in: Client) -> None:
    first = scan(follow(signed_in, post(signed_in, "/totp/add/", name="Phone")))
    assert scan(get(signed_in, "/totp/scan/")).key == first.key
    post(signed_in, "/totp/scan/", code="000000")
    assert scan(get(signed_in, "/totp/scan/")).key == first.key
    assert Factor.objects.count() == 1


@pytest.mark.row("F-18")
def test_confirming_twice_makes_one_app_and_says_what_happened(signed_in: Client) -> None:
    phone = set_up(signed_in)
    answer = post(signed_in, "/totp/scan/", code=phone.code())
    assert "This set-up has ended" in text(follow(signed_in, answer))
    assert Factor.objects.filter(kind="totp").count() == 1


@pytest.mark.row("T-58c")
@pytest.mark.row("T-46")
def test_one_session_cannot_confirm_what_another_has_begun(signed_in: Client, client: Client) -> None:
    other = Client(headers={"host": "portal.test"})
    acting.give_password(other, "alice")
    planted = scan(follow(other, post(other, "/totp/add/", name="Planted")))
    assert follow(signed_in, get(signed_in, "/totp/scan/")).status_code == 200
    mine = scan(follow(signed_in, post(signed_in, "/totp/add/", name="Mine")))
    assert mine.key != planted.key
    assert post(signed_in, "/totp/scan/", code=planted.code()).status_code == 422
    assert post(other, "/totp/scan/", code=planted.code()).headers["Location"] == "/totp/add/"
    assert not Factor.objects.filter(confirmed=True).exists()


@pytest.mark.row("T-46")
def test_a_key_that_waited_too_long_is_worth_nothing(signed_in: Client, clock: time_machine.Traveller) -> None:
    phone = scan(follow(signed_in, post(signed_in, "/totp/add/", name="Phone")))
    clock.shift(timedelta(minutes=16))
    answer = post(signed_in, "/totp/scan/", code=phone.code())
    assert answer.headers["Location"].startswith("/prove/")
    post(signed_in, "/prove/", password=PASSWORD)
    answer = post(signed_in, "/totp/scan/", code=phone.code())
    assert answer.headers["Location"] == "/totp/add/"
    assert not Factor.objects.filter(confirmed=True).exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\nb", "a\x00b", "a\x1bb", "txt.\u202eexe"])
def test_a_name_that_is_no_line_of_text_is_refused(signed_in: Client, name: str) -> None:
    assert post(signed_in, "/totp/add/", name=name).status_code == 422
    assert not Factor.objects.exists()


def test_a_name_is_shown_as_text(signed_in: Client) -> None:
    set_up(signed_in, "<script>alert(1)</script>")
    for path in ("/", f"/totp/{pk_of('<script>alert(1)</script>')}/remove/"):
        assert b"<script>alert(1)" not in get(signed_in, path).content
        assert b"&lt;script&gt;alert(1)" in get(signed_in, path).content


def test_renaming_keeps_everything_else(signed_in: Client) -> None:
    set_up(signed_in)
    answer = post(signed_in, f"/totp/{pk_of('Work phone')}/rename/", name="Büro-Telefon 📱")
    assert "It is called “Büro-Telefon 📱” now." in text(follow(signed_in, answer))


def test_testing_an_app_says_right_used_and_late(signed_in: Client, clock: time_machine.Traveller) -> None:
    phone = set_up(signed_in)
    clock.shift(90)
    page = "/test/?way=totp"
    answer = post(signed_in, page, code=phone.code())
    assert "Right: “Work phone” works." in text(follow(signed_in, answer))
    assert "used already" in text(post(signed_in, page, code=phone.code()))
    assert "seconds late" in text(post(signed_in, page, code=phone.code(steps=-2)))
    assert "That code is not right." in text(post(signed_in, page, code=phone.wrong()))
    assert "Check that you typed all of it" in text(post(signed_in, page, code="12345"))


def test_testing_says_which_of_two_apps_the_code_is_of(signed_in: Client, clock: time_machine.Traveller) -> None:
    set_up(signed_in, "First")
    second = set_up(signed_in, "Second")
    clock.shift(60)
    answer = post(signed_in, "/test/?way=totp", code=second.code())
    assert "Right: “Second” works." in text(follow(signed_in, answer))


def test_testing_is_no_fresh_proof(client: Client, alice: User, clock: time_machine.Traveller) -> None:
    person = acting.with_app(client, alice)
    clock.shift(timedelta(minutes=6))
    pk = Factor.objects.get(user=alice).pk
    assert post(client, "/test/?way=totp", code=person.code()).status_code == 302
    assert get(client, f"/totp/{pk}/rename/").headers["Location"].startswith("/prove/")


@pytest.mark.row("T-05c")
def test_two_codes_in_a_row_adjust_a_clock_that_cannot_be_set(
    client: Client, alice: User, clock: time_machine.Traveller
) -> None:
    person = acting.with_app(client, alice)
    phone = Phone(person.secret, "", clock_seconds=1500)
    page = f"/totp/{Factor.objects.get(user=alice).pk}/clock/"
    answer = post(client, page, first=phone.code(steps=-1), second=phone.code())
    assert "The clock of “Authenticator app” is adjusted." in text(follow(client, answer))
    assert post(client, page, first=phone.code(steps=-1), second=phone.code()).status_code == 422
    clock.shift(60)
    post(client, "/sign-out/")
    acting.give_password(client, "alice")
    assert acting.give_code(client, phone.code()).status_code == 302


@pytest.mark.row("T-05c")
def test_adjusting_the_clock_needs_a_fresh_proof(client: Client, alice: User, clock: time_machine.Traveller) -> None:
    person = acting.with_app(client, alice)
    clock.shift(timedelta(minutes=6))
    factor = Factor.objects.get(user=alice)
    answer = post(client, f"/totp/{factor.pk}/clock/", first=person.code(steps=20), second=person.code(steps=21))
    assert answer.headers["Location"].startswith("/prove/")
    factor.refresh_from_db()
    assert factor.state["drift"] == 0


def test_the_same_code_twice_is_noticed_before_it_costs_a_guess(client: Client, alice: User) -> None:
    person = acting.with_app(client, alice)
    factor = Factor.objects.get(user=alice)
    answer = post(client, f"/totp/{factor.pk}/clock/", first=person.code(), second=person.code())
    assert "That is the same code." in text(answer)
    factor.refresh_from_db()
    assert factor.failures == 0


def test_a_new_phone_ends_the_old_one_only_when_it_works(signed_in: Client, clock: time_machine.Traveller) -> None:
    old = set_up(signed_in)
    clock.shift(60)
    pk = pk_of("Work phone")
    new = scan(follow(signed_in, post(signed_in, f"/totp/{pk}/move/")))
    assert post(signed_in, "/test/?way=totp", code=old.code()).status_code == 302
    assert post(signed_in, "/totp/scan/", code=new.code()).status_code == 302
    assert get(signed_in, "/history/").status_code == 200
    clock.shift(60)
    post(signed_in, "/sign-out/")
    acting.give_password(signed_in, "alice")
    assert acting.give_code(signed_in, old.code()).status_code == 422
    assert acting.give_code(signed_in, new.code()).status_code == 302
    assert Factor.objects.filter(kind="totp").count() == 1


def test_a_person_who_must_enrol_can_set_an_app_up_and_nothing_else(client: Client, alice: User) -> None:
    policy.require(alice, True, actor=None, reason="test")
    acting.give_password(client, "alice")
    assert get(client, "/").headers["Location"] == "/enrol/"
    set_up(client)
    assert get(client, "/").status_code == 200


def test_a_sixth_app_is_refused_with_the_way_out(client: Client, alice: User) -> None:
    acting.with_app(client, alice)
    for number in range(4):
        set_up(client, f"App {number}")
    assert "You have 5 authenticator apps already." in text(follow(client, post(client, "/totp/add/", name="Six")))


@pytest.mark.parametrize("act", ["clock", "rename", "move", "remove"])
def test_the_app_of_somebody_else_does_not_exist(client: Client, alice: User, make_user: object, act: str) -> None:
    acting.with_app(client, alice)
    bob = make_user("bob")  # type: ignore[operator]
    browser = Client(headers={"host": "portal.test"})
    acting.with_app(browser, bob)
    theirs = Factor.objects.get(user=alice)
    before = Factor.objects.values().get(pk=theirs.pk)
    for method in (browser.get, browser.post):
        assert method(f"/totp/{theirs.pk}/{act}/", {"name": "x", "code": "123456"}, secure=True).status_code == 404
    assert Factor.objects.values().get(pk=theirs.pk) == before


@pytest.mark.parametrize("pk", ["0", "999999", "9" * 30, "-1", "x"])
def test_an_id_that_is_nobodys_is_not_found(client: Client, alice: User, pk: str) -> None:
    acting.with_app(client, alice)
    assert get(client, f"/totp/{pk}/rename/").status_code == 404


@pytest.mark.row("N-06")
@pytest.mark.row("T-11c")
@pytest.mark.row("T-07")
@pytest.mark.row("T-06")
def test_fresh_sessions_and_old_cookies_give_no_fresh_guesses(client: Client, alice: User) -> None:
    person = acting.with_app(client, alice)
    browsers = [Client(headers={"host": "portal.test"}) for _ in range(4)]
    for browser in browsers:
        acting.give_password(browser, "alice")
    early = browsers[0].cookies.output(header="")
    refused = [acting.give_code(browser, person.wrong_code()) for browser in browsers for _ in range(2)]
    assert [answer.status_code for answer in refused] == [422] * 8
    browsers[0].cookies.load(early)
    assert "Try again at" in text(acting.give_code(browsers[0], person.code(steps=1)))
    assert GuessCounter.objects.get(subject=limits.of_account(alice)).failures["totp"][0] == limits.DELAY_FROM
