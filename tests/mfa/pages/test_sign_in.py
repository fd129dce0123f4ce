from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from pytest_django import Settings

from accounts import users
from accounts.models import User
from mfa.models import AuthenticationRecord
from tests.answers import Answer
from tests.conftest import PASSWORD
from tests.hashing import QuickArgon2
from tests.mfa.sample_kind import RIGHT, WRONG, give

pytestmark = pytest.mark.usefixtures("sample_kinds")

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def post_password(client: Client, username: str = "alice", password: str = PASSWORD, **more: str) -> Answer:
    return client.post("/sign-in/", {"username": username, "password": password} | more, secure=True)


def post_code(client: Client, code: str = RIGHT) -> Answer:
    return client.post("/sign-in/code/", {"code": code}, secure=True)


def is_signed_in(client: Client) -> bool:
    return client.get("/history/", secure=True).status_code == 200


def body(answer: Answer) -> bytes:
    """The page without its CSRF tokens, which differ in every answer."""
    return re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", answer.content)


def test_password_and_code_open_the_portal(client: Client, alice: User) -> None:
    give(alice)
    assert post_password(client).headers["Location"].startswith("/sign-in/code/")
    assert not is_signed_in(client)
    post_password(client)
    assert post_code(client).status_code == 302
    assert is_signed_in(client)


@pytest.mark.row("A-6.3.3")
def test_the_password_alone_opens_nothing_once_a_factor_is_enrolled(client: Client, alice: User) -> None:
    give(alice)
    post_password(client)
    for page in ("/", "/history/", "/enrol/", "/prove/", "/admin/"):
        assert client.get(page, secure=True).status_code == 302, page


def test_starting_again_at_the_second_step_does_not_speak_of_signing_out(client: Client, alice: User) -> None:
    give(alice)
    post_password(client)
    assert "signed out" not in client.post("/sign-out/", secure=True, follow=True).content.decode()
    post_password(client)
    post_code(client)
    assert "You are signed out." in client.post("/sign-out/", secure=True, follow=True).content.decode()


def test_a_person_without_a_factor_signs_in_with_the_password(client: Client, alice: User) -> None:
    post_password(client)
    assert is_signed_in(client)


@pytest.mark.row("A-6.3.3")
def test_a_factor_added_elsewhere_ends_a_session_that_never_showed_one(client: Client, alice: User) -> None:
    post_password(client)
    give(alice)
    assert not is_signed_in(client)


@pytest.mark.row("T-15")
def test_a_name_costs_one_hash_whoever_has_it(
    client: Client, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("alice")
    users.deactivate_many([make_user("gone").pk], now=NOON, actor=None)
    hashed: list[object] = []

    def counted(method: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object) -> object:
            hashed.append(method)
            return method(*args)

        return call

    for name in ("encode", "verify"):
        monkeypatch.setattr(QuickArgon2, name, counted(getattr(QuickArgon2, name)))
    for name in ("alice", "gone", "nobody"):
        assert post_password(client, name, "wrong").status_code == 422
    assert len(hashed) == 3


@pytest.mark.row("T-14")
def test_every_refusal_of_the_first_step_is_the_same_page(client: Client, make_user: Callable[..., User]) -> None:
    make_user("alice")
    gone = make_user("gone5")
    users.deactivate_many([gone.pk], now=NOON, actor=None)
    locked = make_user("lockd")
    for _ in range(6):
        post_password(client, "lockd", "wrong")
    answers = {
        name: post_password(Client(), name, password)
        for name, password in [
            ("nobdy", PASSWORD), ("alice", "wrong"), ("gone5", PASSWORD), ("lockd", PASSWORD), (locked.username, "no"),
        ]
    }  # fmt: skip
    pages = {body(answer).replace(name.encode(), b"NAME") for name, answer in answers.items()}
    assert len(pages) == 1
    assert {answer.status_code for answer in answers.values()} == {422}
    assert (
        len(
            {
                tuple(sorted(answer.headers.items() - {("X-Request-Id", answer["X-Request-Id"])}))
                for answer in answers.values()
            }
        )
        == 1
    )
    assert len({tuple(sorted(answer.cookies)) for answer in answers.values()}) == 1


@pytest.mark.row("T-14")
def test_a_wrong_code_beside_the_password_looks_like_a_wrong_password(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.SIGN_IN_CODE_FIELD = "always"
    give(alice)
    wrong_code = post_password(client, code=WRONG)
    wrong_password = post_password(Client(), password="wrong", code=RIGHT)
    assert body(wrong_code) == body(wrong_password)


def test_with_the_code_field_for_everyone_one_page_is_enough(client: Client, alice: User, settings: Settings) -> None:
    settings.SIGN_IN_CODE_FIELD = "always"
    give(alice)
    assert b'name="code"' in client.get("/sign-in/", secure=True).content
    post_password(client, code=RIGHT)
    assert is_signed_in(client)


def test_the_code_field_may_stay_empty(client: Client, alice: User, settings: Settings) -> None:
    settings.SIGN_IN_CODE_FIELD = "always"
    give(alice)
    post_password(client, code="")
    post_code(client)
    assert is_signed_in(client)


@pytest.mark.row("T-12")
def test_a_stranger_without_the_password_cannot_lock_a_person_out(client: Client, alice: User) -> None:
    give(alice)
    for _ in range(40):
        client.post("/sign-in/", {"username": "alice", "password": "guess"}, secure=True, REMOTE_ADDR="203.0.113.5")
        client.post("/sign-in/code/", {"code": WRONG}, secure=True, REMOTE_ADDR="203.0.113.5")
    other = Client(REMOTE_ADDR="198.51.100.7")
    post_password(other)
    post_code(other)
    assert is_signed_in(other)


@pytest.mark.row("T-09")
def test_guesses_from_many_addresses_are_bounded_together_and_leave_the_usual_address_open(
    client: Client, alice: User
) -> None:
    client.defaults["REMOTE_ADDR"] = "198.51.100.7"
    post_password(client)
    client.post("/sign-out/", secure=True)
    for last in range(1, 52):
        post_password(Client(REMOTE_ADDR=f"203.0.113.{last}"), password="guess")
    assert post_password(Client(REMOTE_ADDR="203.0.113.99")).status_code == 422
    assert post_password(client).status_code == 302


@pytest.mark.row("T-12")
def test_whoever_knows_the_password_is_told_until_when_to_wait(client: Client, alice: User) -> None:
    give(alice)
    with time_machine.travel(NOON, tick=False):
        post_password(client)
        for _ in range(5):
            post_code(client, WRONG)
        assert b"Try again at 12:00:30" in post_code(client, RIGHT).content


@pytest.mark.row("T-07")
def test_new_sessions_and_old_cookies_do_not_rewind_the_count(client: Client, alice: User) -> None:
    give(alice)
    for _ in range(5):
        fresh = Client()
        post_password(fresh)
        post_code(fresh, WRONG)
    post_password(client)
    assert post_code(client, RIGHT).status_code == 422


@pytest.mark.row("T-11b")
@pytest.mark.parametrize("spelling", ["Alice", "alice ", "ALICE", "ａｌｉｃｅ"])
def test_another_spelling_of_the_name_does_not_get_tries_of_its_own(client: Client, alice: User, spelling: str) -> None:
    for _ in range(5):
        post_password(client, spelling, "wrong")
    assert post_password(client, "alice", PASSWORD).status_code == 422


@pytest.mark.row("T-27")
@pytest.mark.row("A-7.2.4")
def test_the_session_id_changes_at_each_step_and_the_older_one_is_dead(client: Client, alice: User) -> None:
    give(alice)
    client.get("/sign-in/", secure=True)
    ids = []
    for step in (post_password, post_code, prove):
        step(client)
        ids.append(client.session.session_key)
    assert len(set(ids)) == 3
    for old in ids[:2]:
        assert not Session.objects.filter(session_key=old).exists()


def prove(client: Client) -> Answer:
    return client.post("/prove/", {"code": RIGHT}, secure=True)


@pytest.mark.row("A-7.4.1")
def test_after_start_again_the_code_of_the_half_finished_sign_in_is_refused(client: Client, alice: User) -> None:
    give(alice)
    post_password(client)
    kept = client.cookies["__Host-session"].value
    client.post("/sign-out/", secure=True)
    client.cookies["__Host-session"] = kept
    assert post_code(client).headers["Location"] == "/sign-in/"
    assert not is_signed_in(client)


@pytest.mark.row("A-7.4.1")
def test_signing_out_ends_the_session_on_the_server(client: Client, alice: User) -> None:
    give(alice)
    post_password(client)
    post_code(client)
    kept = client.cookies["__Host-session"].value
    client.post("/sign-out/", secure=True)
    client.cookies["__Host-session"] = kept
    assert not is_signed_in(client)


@pytest.mark.row("T-28")
def test_the_step_between_password_and_code_ends_after_ten_minutes_and_keeps_no_secret(
    client: Client, alice: User
) -> None:
    give(alice)
    with time_machine.travel(NOON, tick=False) as clock:
        post_password(client)
        assert PASSWORD not in str(dict(client.session))
        clock.shift(timedelta(minutes=10))
        assert post_code(client).headers["Location"] == "/sign-in/"


@pytest.mark.row("N-26")
@pytest.mark.row("N-28")
def test_the_name_of_a_session_is_drawn_from_more_than_64_bits(client: Client, alice: User) -> None:
    drawn = set()
    for _ in range(20):
        client.cookies.clear()
        post_password(client)
        drawn.add(client.cookies["__Host-session"].value)
    assert len(drawn) == 20
    assert {len(name) for name in drawn} == {32}
    assert len(set("".join(drawn))) >= 30, "each letter is one of 36: 165 bits"


@pytest.mark.row("A-7.3.1")
@pytest.mark.parametrize(("minutes", "open_"), [(59, True), (61, False)])
def test_an_idle_session_ends_after_an_hour(client: Client, alice: User, minutes: int, open_: bool) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        post_password(client)
        clock.shift(timedelta(minutes=minutes))
        assert is_signed_in(client) is open_


@pytest.mark.row("N-26")
@pytest.mark.row("A-7.3.2")
def test_a_busy_session_ends_after_twelve_hours(client: Client, alice: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        post_password(client)
        for _ in range(24):
            assert is_signed_in(client)
            clock.shift(timedelta(minutes=30))
        assert not is_signed_in(client)


@pytest.mark.row("A-7.4.2")
def test_a_moved_epoch_ends_the_session_and_the_half_finished_sign_in(client: Client, alice: User) -> None:
    give(alice)
    half = Client()
    post_password(half)
    post_password(client)
    post_code(client)
    users.move_epoch(alice)
    assert not is_signed_in(client)
    assert post_code(half).headers["Location"] == "/sign-in/"


@pytest.mark.row("T-49")
@pytest.mark.parametrize("password", ["", " ", "\t\n", "\0", "a\0b", "x" * 2000])
def test_an_empty_or_broken_password_is_refused_with_words(client: Client, alice: User, password: str) -> None:
    answer = post_password(client, password=password)
    assert answer.status_code in (200, 422)
    assert b'role="alert"' in answer.content
    assert not is_signed_in(client)


@pytest.mark.row("A-16.3.1")
def test_refused_passwords_are_logged_with_their_cause_and_without_the_password(client: Client, alice: User) -> None:
    post_password(client, "alice", "hunter2-canary")
    post_password(client, "nobody", "hunter2-canary")
    assert sorted(AuthenticationRecord.objects.values_list("username", "code")) == [("alice", 1010), ("nobody", -101)]
    assert "canary" not in str(list(AuthenticationRecord.objects.values()))


@pytest.mark.row("T-23")
@pytest.mark.parametrize("url", ["/sign-in/", "/sign-in/code/", "/sign-in/code/send/", "/sign-out/", "/prove/"])
def test_a_form_without_its_token_is_refused(alice: User, url: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(url, {"username": "alice", "password": PASSWORD}, secure=True).status_code == 403


def test_a_person_of_staff_without_a_factor_is_led_to_enrol(client: Client, make_user: Callable[..., User]) -> None:
    make_user("boss", is_staff=True)
    post_password(client, "boss")
    assert client.get("/", secure=True).headers["Location"] == "/enrol/"
