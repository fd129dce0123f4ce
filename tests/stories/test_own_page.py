"""A person and their own page: see, choose, test, lose a phone, find it again."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource, User
from mfa import enrolment, holdings
from mfa.applications import PORTAL
from mfa.delivery import outbox
from mfa.kinds import Answer, Purpose
from mfa.models import AuditEvent, Delivery, Factor
from mfa.outcomes import FACTOR_LOST
from mfa.verification.service import Attempt, verify
from tests.mfa.doors import sign_in
from tests.stories import acting

NUMBER = "+491701234567"


@pytest.fixture
def both(client: Client, alice: User, now: Any) -> acting.Person:
    """Alice with an app and a confirmed number, signed in with the app."""
    users.set_phone(alice, NUMBER, source=PhoneSource.SELF, confirmed_at=now, actor=alice)
    return acting.with_app(client, User.objects.get(pk=alice.pk))


def page(client: Client, path: str) -> str:
    answer = client.get(path, secure=True, follow=True)
    assert answer.status_code == 200, path
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def post(client: Client, path: str, **typed: Any) -> Any:
    return client.post(path, typed, secure=True)


def fresh_browser() -> Client:
    return Client(headers={"host": "portal.test"})


def mark(kind: str) -> str:
    row = Factor.objects.filter(kind=kind).first()
    return f"{kind}-{row.pk if row else 0}"


def report_lost(person: acting.Person, *kinds: str) -> None:
    answer = post(person.client, "/lost-phone/", gone=[mark(kind) for kind in kinds])
    assert answer.status_code == 302, answer.content.decode()
    person.user.refresh_from_db()


def test_the_first_page_says_what_protects_what_is_missing_and_what_is_next(both: acting.Person) -> None:
    shown = page(both.client, "/")
    assert "Your account is protected. One thing is missing." in shown
    assert "Second factor: Authenticator app, SMS" in shown
    assert "no way back in yet" in shown
    assert "Make recovery codes" in shown
    assert "Ready for: VPN" in shown


def test_with_the_password_alone_the_next_step_is_a_second_factor(client: Client, alice: User) -> None:
    acting.give_password(client, "alice")
    shown = page(client, "/")
    assert "Only your password protects your account" in shown
    assert "Set up: " in shown
    assert "Ready for" not in shown


def test_what_the_person_prefers_is_asked_for_first(both: acting.Person) -> None:
    assert "Code from your authenticator app" in _second_step(both)
    assert post(both.client, "/preferred/", factor=mark("sms")).status_code == 302
    assert "Send the code" in _second_step(both)
    assert "Another factor is asked for first" in page(both.client, "/history/")
    assert "asked for first" in page(both.client, "/")


def test_a_preferred_factor_that_does_not_work_is_passed_over(both: acting.Person) -> None:
    post(both.client, "/preferred/", factor=mark("sms"))
    report_lost(both, "sms")
    assert "Code from your authenticator app" in _second_step(both)


def test_a_factor_of_nobody_is_not_preferred(both: acting.Person) -> None:
    assert post(both.client, "/preferred/", factor="recovery-1").status_code == 422
    assert not AuditEvent.objects.filter(action="factor.preferred").exists()


def _second_step(person: acting.Person) -> str:
    other = fresh_browser()
    acting.give_password(other, person.user.username)
    return page(other, "/sign-in/code/")


def test_an_sms_is_tested_like_any_factor(both: acting.Person) -> None:
    assert ">Cancel<" in both.client.get("/test/?way=sms", secure=True).content.decode(), "before a code is sent too"
    assert post(both.client, "/test/send/?way=sms").status_code == 302
    code = re.search(r"\d{6}", _latest_sms())[0]  # type: ignore[index]
    answer = post(both.client, "/test/?way=sms", code=code)
    assert answer.status_code == 302
    assert "Right: “SMS” works." in page(both.client, "/")
    assert "Tried a factor: it works" in page(both.client, "/history/")
    assert Factor.objects.get(kind="sms").last_used_at is None


def test_a_code_sent_for_a_test_signs_nobody_in(both: acting.Person) -> None:
    post(both.client, "/test/send/?way=sms")
    code = re.search(r"\d{6}", _latest_sms())[0]  # type: ignore[index]
    other = fresh_browser()
    acting.give_password(other, "alice")
    assert acting.give_code(other, code, way="sms").status_code == 422


def _latest_sms() -> str:
    return outbox.read(Delivery.objects.filter(channel="sms", template="code").latest("pk"))


@pytest.mark.row("N-24")
@pytest.mark.row("N-31")
def test_whoever_lost_the_phone_suspends_it_with_the_password_alone(both: acting.Person) -> None:
    other = fresh_browser()
    acting.give_password(other, "alice")
    assert "I lost my phone" in page(other, "/sign-in/code/")
    answer = post(other, "/sign-in/lost-phone/", gone=[mark("totp"), mark("sms")])
    assert answer.headers["Location"] == "/sign-in/lost-phone/next/"
    shown = page(other, "/sign-in/lost-phone/next/")
    assert "Ask helpdesk for an activation code" in shown
    assert "your user name: alice" in shown
    assert both.client.get("/", secure=True).headers["Location"].startswith("/sign-in/")
    told = Delivery.objects.filter(template="phone-lost")
    assert {one.recipient for one in told} == {"alice@example.test", NUMBER}
    assert AuditEvent.objects.get(action="phone.lost").actor == both.user


@pytest.mark.row("N-24")
def test_the_password_alone_suspends_and_opens_nothing(both: acting.Person) -> None:
    other = fresh_browser()
    acting.give_password(other, "alice")
    post(other, "/sign-in/lost-phone/", gone=[mark("totp"), mark("sms")])
    acting.give_password(other, "alice")
    for path in ("/", "/totp/add/", "/history/", f"/resume/{Factor.objects.get(kind='totp').pk}/"):
        assert other.get(path, secure=True).headers["Location"] == "/activation/", path
    vpn = Attempt(both.user, Answer(both.code(steps=1), Purpose.APPLICATION), PORTAL, "203.0.113.7")
    assert verify(vpn, now=timezone.now()).result is FACTOR_LOST


def test_what_was_not_on_the_phone_goes_on_working(both: acting.Person) -> None:
    report_lost(both, "sms")
    other = fresh_browser()
    acting.give_password(other, "alice")
    assert acting.give_code(other, both.code(steps=1)).status_code == 302
    assert "Suspended" in page(other, "/")


def test_whoever_suspended_everything_is_led_to_what_can_be_done(both: acting.Person) -> None:
    report_lost(both, "totp", "sms")
    shown = page(both.client, "/")
    assert "What you confirm yourself with is suspended" in shown
    assert "Ask helpdesk for an activation code" in page(both.client, "/lost-phone/next/")


def test_after_a_report_from_inside_the_next_change_asks_for_a_proof(both: acting.Person) -> None:
    report_lost(both, "sms")
    shown = page(both.client, "/lost-phone/next/")
    assert "What to do now" in shown
    assert "Choose “It is back” beside it" in shown
    assert both.client.get("/totp/add/", secure=True).headers["Location"].startswith("/prove/")


def test_a_phone_that_was_found_is_brought_back_with_another_factor(both: acting.Person) -> None:
    report_lost(both, "sms")
    other = fresh_browser()
    acting.give_password(other, "alice")
    acting.give_code(other, both.code(steps=1))
    pk = Factor.objects.get(kind="sms").pk
    assert post(other, f"/resume/{pk}/").status_code == 302
    assert Factor.objects.get(pk=pk).suspended_at is None
    assert other.get("/", secure=True).status_code == 200
    assert both.client.get("/", secure=True).headers["Location"].startswith("/sign-in/")
    assert "Second factor is back in use" in page(other, "/history/")


@pytest.mark.row("N-24")
def test_a_recovery_code_does_not_bring_a_lost_phone_back(both: acting.Person) -> None:
    post(both.client, "/recovery/")
    codes = acting.recovery_codes(both.client.get("/recovery/codes/", secure=True).content.decode())
    post(both.client, "/recovery/codes/", code=codes[0])
    report_lost(both, "totp", "sms")
    other = fresh_browser()
    acting.give_password(other, "alice")
    assert acting.give_code(other, codes[1], way="recovery").status_code == 302
    pk = Factor.objects.get(kind="totp").pk
    post(other, f"/resume/{pk}/")
    assert Factor.objects.get(pk=pk).suspended_at is not None
    assert "Show the QR code" in other.get("/totp/add/", secure=True).content.decode()


def test_whoever_found_a_lost_phone_gets_no_link_that_puts_its_number_back(both: acting.Person) -> None:
    report_lost(both, "sms")
    other = fresh_browser()
    acting.give_password(other, "alice")
    acting.give_code(other, both.code(steps=1))
    post(other, "/sms/change/", country="DE", number="0151 23456789")
    code = re.search(r"\d{6}", outbox.read(Delivery.objects.get(template="confirm-phone")))[0]  # type: ignore[index]
    assert post(other, "/sms/confirm/", code=code).status_code == 302
    assert User.objects.get(pk=both.user.pk).phone == "+4915123456789"
    assert {one.recipient for one in Delivery.objects.filter(template="phone-changed")} == {"alice@example.test"}
    assert Factor.objects.get(kind="sms").suspended_at is None


def test_helpdesk_unlocking_does_not_bring_a_lost_phone_back(both: acting.Person, now: Any) -> None:
    report_lost(both, "totp")
    enrolment.unlock(both.user, actor=None, reason="asked", now=now)
    assert Factor.objects.get(kind="totp").suspended_at is not None


@pytest.mark.row("A-8.2.2")
def test_nobody_reports_or_brings_back_what_is_anothers(both: acting.Person, make_user: Any) -> None:
    bob = make_user("bob")
    theirs = acting.with_app(fresh_browser(), bob).user.factors.get()
    assert post(both.client, "/lost-phone/", gone=[f"totp-{theirs.pk}"]).status_code == 422
    theirs.refresh_from_db()
    assert theirs.suspended_at is None
    assert both.client.get(f"/resume/{theirs.pk}/", secure=True).status_code == 404


@pytest.mark.row("N-13")
def test_whoever_has_sms_alone_is_offered_something_safer_before_recovery_codes(
    client: Client, alice: User, now: Any
) -> None:
    """As everybody has it whose number the directory knows: recovery codes cannot be put off, and hid the offer."""
    users.set_phone(alice, NUMBER, source=PhoneSource.DIRECTORY, confirmed_at=None, actor=None)
    alice = User.objects.get(pk=alice.pk)
    with transaction.atomic():
        sms = holdings.stored(holdings.usable(alice, now=now)[0], now=now)
    sign_in(client, alice, sms)
    first = page(client, "/")
    assert "There is something safer" in first
    assert "Make yourself a way back in" not in first
    post(client, "/advice/rest/")
    assert "Make yourself a way back in" in page(client, "/")


@pytest.mark.row("N-13")
def test_advice_can_wait_for_some_weeks(client: Client, alice: User, now: Any) -> None:
    users.set_phone(alice, NUMBER, source=PhoneSource.SELF, confirmed_at=now, actor=alice)
    person = acting.with_app(client, User.objects.get(pk=alice.pk))
    post(client, "/recovery/")
    codes = acting.recovery_codes(client.get("/recovery/codes/", secure=True).content.decode())
    post(client, "/recovery/codes/", code=codes[0])
    report_lost(person, "totp")
    assert "There is something safer" in page(client, "/")
    post(client, "/advice/rest/")
    assert "There is something safer" not in page(client, "/")
