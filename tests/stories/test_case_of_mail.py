"""Codes by mail in a person's life, and the question behind them: was the mail sent?"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa import holdings
from mfa.kinds import Answer, Purpose
from mfa.models import Application, Delivery, Factor
from mfa.outcomes import CODE_SPENT, EMAIL_VERIFIED, KIND_NOT_TAKEN, Result
from mfa.verification import service
from tests.answers import Answer as Page
from tests.mfa.doors import add_factor, give_role, sign_in
from tests.mfa.factors.phones import code_in
from tests.services.smtp import Smtp
from tests.stories import acting
from tests.stories.phones import workers_do_their_round

MAIL = "alice@example.test"

pytestmark = pytest.mark.usefixtures("by_smtp")


@pytest.fixture
def person(client: Client, alice: User) -> acting.Person:
    """Alice with an app, where a VPN takes codes by mail."""
    Application.objects.create(slug="vpn", name="VPN", kinds=["email"])
    return acting.with_app(client, alice)


@pytest.fixture
def admin(make_user: Callable[..., User]) -> Client:
    browser = Client()
    root = give_role(make_user("root"), "admin")
    sign_in(browser, root, add_factor(root))
    return browser


def text(answer: Page) -> str:
    assert answer.status_code in (200, 422), answer.status_code
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def code(smtp: Smtp) -> str:
    """The code of the newest mail that has one."""
    workers_do_their_round()
    found = [mail.text for mail in smtp.messages if MAIL in mail.recipients and "@portal.test #" in mail.text]
    return code_in(found[-1].strip())


def let_a_minute_pass() -> None:
    from mfa.models import Budget

    Budget.objects.update(spent=[])


def enrol(person: acting.Person, smtp: Smtp) -> None:
    assert "E-mail" in text(person.client.get("/", secure=True))
    assert "a***@example.test" in text(person.client.get("/email/", secure=True))
    assert person.client.post("/email/", secure=True).headers["Location"] == "/email/confirm/"
    answer = person.client.post("/email/confirm/", {"code": code(smtp)}, secure=True)
    assert answer.headers["Location"] == "/"


def ask_vpn(user: User) -> service.Challenge:
    (factor,) = [one for one in holdings.usable(user, now=timezone.now()) if one.kind == "email"]
    return service.challenge(factor, purpose=Purpose.SIGN_IN, now=timezone.now())


def tell(user: User, application: str, typed: str, token: str) -> Result:
    attempt = service.Attempt(user, Answer(typed, Purpose.SIGN_IN, token), application, "203.0.113.5")
    return service.verify(attempt, now=timezone.now()).result


def test_a_person_sets_codes_by_mail_up_uses_tests_and_removes_them(person: acting.Person, smtp: Smtp) -> None:
    enrol(person, smtp)
    assert "Your mailbox is confirmed." in text(person.client.get("/", secure=True))
    user = User.objects.get(username="alice")
    let_a_minute_pass()
    sent = ask_vpn(user)
    typed = code(smtp)
    assert tell(user, "portal", typed, sent.token) is not EMAIL_VERIFIED
    assert tell(user, "vpn", typed, sent.token) is EMAIL_VERIFIED
    assert tell(user, "vpn", typed, sent.token) is CODE_SPENT
    let_a_minute_pass()
    person.client.post("/test/send/?way=email", secure=True)
    answer = person.client.post("/test/?way=email", {"code": code(smtp)}, secure=True)
    assert answer.status_code == 302
    assert "works." in text(person.client.get("/", secure=True))
    assert "Codes by e-mail stop at once." in text(person.client.get("/email/remove/", secure=True))
    assert person.client.post("/email/remove/", secure=True).headers["Location"] == "/"
    assert not Factor.objects.filter(user=user, kind="email").exists()
    assert tell(user, "vpn", typed, sent.token) is KIND_NOT_TAKEN


def test_a_new_code_ends_the_older_one_and_the_page_says_so(person: acting.Person, smtp: Smtp) -> None:
    person.client.post("/email/", secure=True)
    first = code(smtp)
    assert person.client.post("/email/confirm/resend/", secure=True).status_code == 302
    assert "The next message can be sent at" in text(person.client.get("/email/confirm/", secure=True))
    let_a_minute_pass()
    person.client.post("/email/confirm/resend/", secure=True)
    page = text(person.client.get("/email/confirm/", secure=True))
    assert "The older one no longer works." in page
    second = code(smtp)
    if first != second:
        assert person.client.post("/email/confirm/", {"code": first}, secure=True).status_code == 422
    assert person.client.post("/email/confirm/", {"code": second}, secure=True).status_code == 302


def test_was_the_mail_sent_the_admin_finds_it_by_person_and_reads_why_not(
    person: acting.Person, smtp: Smtp, admin: Client
) -> None:
    """Without a look at the mail daemon's debug log."""
    smtp.refuse("RCPT", "550 5.1.1 <alice@example.test>: User unknown")
    person.client.post("/email/", secure=True)
    workers_do_their_round()
    waiting = person.client.get("/email/confirm/", secure=True)
    assert "The mail server refused the e-mail, so no code comes." in text(waiting)
    listed = admin.get("/admin/mfa/delivery/?q=alice", secure=True)
    delivery = Delivery.objects.get(template="confirm-email")
    assert f"/admin/mfa/delivery/{delivery.pk}/change/" in listed.content.decode()
    page = text(admin.get(f"/admin/mfa/delivery/{delivery.pk}/change/", secure=True))
    assert "The server refused the recipient (550): the mailbox does not exist" in page
    assert "Check the person's address in the directory." in page
    for step in ("EHLO portal.test 250", "STARTTLS 220", "AUTH PLAIN *** 235", "RCPT TO:<(recipient)> 550 5.1.1"):
        assert step in page
    assert smtp.password not in page


def test_whoever_waits_for_a_code_that_the_server_refused_reads_so_and_goes_on_another_way(
    person: acting.Person, smtp: Smtp, settings: Settings
) -> None:
    settings.EMAIL_CODES_IN_PORTAL = True
    enrol(person, smtp)
    let_a_minute_pass()
    browser = Client(headers={"host": "portal.test"})
    acting.give_password(browser, "alice")
    smtp.refuse("RCPT", "550 5.1.1 <alice@example.test>: User unknown")
    browser.post("/sign-in/code/send/?way=email", secure=True)
    assert "The message is being sent." in text(browser.get("/sign-in/code/?way=email", secure=True))
    workers_do_their_round()
    waiting = browser.get("/sign-in/code/?way=email", secure=True)
    assert "The mail server refused the e-mail, so no code comes." in text(waiting)
    assert "Another way Authenticator app" in text(waiting)
    assert 'href="/sign-in/code/?way=totp' in waiting.content.decode()
    assert acting.give_code(browser, person.code(steps=1)).status_code == 302
    assert browser.get("/history/", secure=True).status_code == 200


def test_an_admin_sends_a_test_mail_and_watches_the_conversation(smtp: Smtp, admin: Client) -> None:
    """Each step with its time and reply; password and text are in none of them."""
    sent = admin.post("/admin/mfa/delivery/test/", {"channel": "mail", "to": "probe@example.test"}, secure=True)
    shown = sent.headers["Location"]
    assert "It waits for a worker." in text(admin.get(shown, secure=True))
    workers_do_their_round()
    page = text(admin.get(shown, secure=True))
    before = ("connect", "greeting", "EHLO portal.test 250", "STARTTLS 220", "AUTH PLAIN *** 235")
    steps = (*before, "MAIL FROM", "RCPT TO", "DATA", "QUIT 221")
    places = [page.lower().find(step.lower()) for step in steps]
    assert -1 not in places, dict(zip(steps, places, strict=True))
    assert places == sorted(places)
    assert " ms" in page
    assert smtp.password not in page


def test_the_trace_of_a_mail_that_left_does_not_show_its_code(person: acting.Person, smtp: Smtp, admin: Client) -> None:
    person.client.post("/email/", secure=True)
    typed = code(smtp)
    delivery = Delivery.objects.get(template="confirm-email")
    page = text(admin.get(f"/admin/mfa/delivery/{delivery.pk}/change/", secure=True))
    assert "QUIT 221" in page
    assert typed not in page


def test_a_greylist_delays_the_code_and_the_page_says_so_until_it_comes(
    person: acting.Person, smtp: Smtp, admin: Client
) -> None:
    smtp.refuse("RCPT", "451 4.7.1 Greylisted", times=1)
    person.client.post("/email/", secure=True)
    workers_do_their_round()
    delivery = Delivery.objects.get(template="confirm-email")
    page = text(admin.get(f"/admin/mfa/delivery/{delivery.pk}/change/", secure=True))
    assert "come back later" in page
    assert "next one at" in page
    Delivery.objects.update(next_try_at=timezone.now())
    typed = code(smtp)
    state = text(person.client.get(f"/messages/{delivery.pk}/", secure=True))
    assert state.startswith("Sent at")
    assert person.client.post("/email/confirm/", {"code": typed}, secure=True).status_code == 302
    page = text(admin.get(f"/admin/mfa/delivery/{delivery.pk}/change/", secure=True))
    assert "Try 1, by smtp" in page
    assert "Try 2, by smtp" in page


def test_a_changed_address_gets_nothing_until_its_owner_confirms_it(person: acting.Person, smtp: Smtp) -> None:
    enrol(person, smtp)
    User.objects.filter(username="alice").update(email="other@example.test")
    user = User.objects.get(username="alice")
    assert "Your e-mail address has changed" in text(person.client.get("/", secure=True))
    assert [one.kind for one in holdings.usable(user, now=timezone.now())] == ["totp"]
