"""A person and a phone number: the codes typed back are the ones that a real Kannel delivered."""

from __future__ import annotations

import html
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from accounts.models import PhoneSource, User
from mfa import policy, proof
from mfa.models import Delivery, Factor
from tests.answers import Answer
from tests.mfa.factors.phones import NEW, OLD, OTHER, other_than
from tests.services.kannel import Kannel
from tests.services.smtp import Smtp
from tests.stories import acting
from tests.stories.phones import Mailbox, Phone, workers_do_their_round
from tests.tables import BAD_PHONES

NOON = datetime(2026, 3, 2, 12, 0, 4, tzinfo=UTC)
TYPED = {"country": "DE", "number": "01511 2345678"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """From noon on; a test can move it."""
    cache.clear()
    with time_machine.travel(NOON, tick=True) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def world(by_kannel: Kannel, by_smtp: Smtp) -> None:
    """SMS leave by Kannel, mail by a mail server with STARTTLS."""


@pytest.fixture
def owner(alice: User) -> User:
    User.objects.filter(pk=alice.pk).update(phone=OLD, phone_source=PhoneSource.DIRECTORY)
    alice.refresh_from_db()
    return alice


@pytest.fixture
def at_home(client: Client, owner: User) -> acting.Person:
    """Signed in with an app, a moment ago."""
    return acting.with_app(client, owner)


@pytest.fixture
def old(kannel: Kannel) -> Phone:
    return Phone(OLD, kannel)


@pytest.fixture
def new(kannel: Kannel) -> Phone:
    return Phone(NEW, kannel)


@pytest.fixture
def mailbox(smtp: Smtp) -> Mailbox:
    return Mailbox("alice@example.test", smtp)


def get(client: Client, path: str) -> Answer:
    return client.get(path, secure=True)


def post(client: Client, path: str, **typed: str) -> Answer:
    return client.post(path, typed, secure=True)


def text(answer: Answer) -> str:
    return html.unescape(answer.content.decode())


def follow(client: Client, answer: Answer) -> str:
    assert answer.status_code == 302, text(answer)
    return text(get(client, answer.headers["Location"]))


@pytest.mark.row("N-13")
def test_change_the_number(at_home: acting.Person, owner: User, old: Phone, new: Phone, mailbox: Mailbox) -> None:
    client = at_home.client
    dashboard = text(get(client, "/"))
    assert "+49 *** **67" in dashboard
    assert "(Change settings)" in dashboard
    assert OLD not in dashboard
    page = text(get(client, "/sms/change/"))
    assert "Germany (+49)" in page
    assert "A passkey or an app is stronger" in page
    assert "+49 1511 2345678 · Germany, mobile" in text(post(client, "/sms/preview/", **TYPED))
    waiting = follow(client, post(client, "/sms/change/", **TYPED))
    assert "+49 1511 2345678 · Germany, mobile" in waiting
    assert "Your old number works until then" in waiting
    code = new.code()
    wrong = post(client, "/sms/confirm/", code=other_than(code))
    assert wrong.status_code == 422
    assert "That code is not right" in text(wrong)
    owner.refresh_from_db()
    assert owner.phone == OLD
    done = follow(client, post(client, "/sms/confirm/", code=code))
    assert "Your new number is confirmed" in done
    assert "+49 *** **78" in done
    owner.refresh_from_db()
    assert (owner.phone, owner.phone_source) == (NEW, PhoneSource.SELF)
    assert old.link() == mailbox.link()


@pytest.mark.row("N-11")
def test_whoever_has_sms_alone_can_have_an_app_a_passkey_and_recovery_codes_instead(
    client: Client, owner: User, old: Phone
) -> None:
    follow(client, acting.give_password(client, "alice"))
    follow(client, post(client, "/sign-in/code/send/?way=sms"))
    assert acting.give_code(client, old.code(), way="sms").status_code == 302
    dashboard = text(get(client, "/"))
    for path in ("/totp/add/", "/webauthn/add/", "/recovery/"):
        assert path in dashboard
        assert get(client, path).status_code == 200, path


def test_sign_in_with_the_number(client: Client, owner: User, old: Phone) -> None:
    page = follow(client, acting.give_password(client, "alice"))
    assert "+49 *** **67" in page
    sent = follow(client, post(client, "/sign-in/code/send/?way=sms"))
    assert "The message is being sent" in sent
    code = old.code()
    assert acting.give_code(client, other_than(code), way="sms").status_code == 422
    assert follow(client, acting.give_code(client, code, way="sms"))
    assert get(client, "/").status_code == 200


def test_a_first_number_is_a_first_factor(client: Client, alice: User, new: Phone) -> None:
    policy.require(alice, True, actor=None, reason="everybody")
    acting.give_password(client, "alice")
    assert "SMS" in follow(client, get(client, "/"))
    follow(client, post(client, "/sms/change/", **TYPED))
    done = follow(client, post(client, "/sms/confirm/", code=new.code()))
    assert "Your new number is confirmed" in done


@pytest.mark.row("F-18")
def test_a_form_that_is_sent_twice_sends_one_message_and_a_confirmation_that_is_sent_twice_says_so(
    at_home: acting.Person, owner: User, new: Phone
) -> None:
    client = at_home.client
    for _ in range(2):
        follow(client, post(client, "/sms/change/", **TYPED))
    assert Delivery.objects.filter(recipient=NEW).count() == 1
    code = new.code()
    assert "Your new number is confirmed" in follow(client, post(client, "/sms/confirm/", code=code))
    again = post(client, "/sms/confirm/", code=code)
    assert again.status_code == 302
    assert follow(client, again)
    owner.refresh_from_db()
    assert (owner.phone, Factor.objects.filter(kind="sms").count()) == (NEW, 1)


def test_ask_for_a_new_code(at_home: acting.Person, new: Phone, clock: time_machine.Traveller) -> None:
    client = at_home.client
    follow(client, post(client, "/sms/change/", **TYPED))
    first = new.code()
    assert "The next message can be sent at" in follow(client, post(client, "/sms/resend/"))
    clock.shift(61)
    again = follow(client, post(client, "/sms/resend/"))
    assert "The older one no longer works" in again
    second = new.code(nth=2)
    if first != second:
        assert post(client, "/sms/confirm/", code=first).status_code == 422
    assert "confirmed" in follow(client, post(client, "/sms/confirm/", code=second))


def test_use_a_different_number(at_home: acting.Person, owner: User, new: Phone, clock: time_machine.Traveller) -> None:
    client = at_home.client
    follow(client, post(client, "/sms/change/", country="DE", number=OTHER))
    clock.shift(61)
    follow(client, post(client, "/sms/change/", **TYPED))
    follow(client, post(client, "/sms/confirm/", code=new.code()))
    owner.refresh_from_db()
    assert owner.phone == NEW


def test_a_code_that_came_too_late_says_so(at_home: acting.Person, new: Phone, clock: time_machine.Traveller) -> None:
    client = at_home.client
    follow(client, post(client, "/sms/change/", **TYPED))
    code = new.code()
    clock.shift(301)
    session = client.session
    session[proof.SESSION_KEY] += 301  # the proof was given anew meanwhile
    session.save()
    assert "This code no longer works" in text(get(client, "/sms/confirm/"))
    late = post(client, "/sms/confirm/", code=code)
    assert "That code has expired" in text(late)


def test_the_owner_takes_the_number_back(
    at_home: acting.Person, owner: User, old: Phone, new: Phone, mailbox: Mailbox
) -> None:
    thief = at_home.client
    follow(thief, post(thief, "/sms/change/", **TYPED))
    follow(thief, post(thief, "/sms/confirm/", code=new.code()))
    link = old.link()
    anybody = Client(SERVER_NAME="portal.test", enforce_csrf_checks=False)
    for _ in range(3):  # a mail scanner that opens links changes nothing
        page = get(anybody, link)
        assert page.status_code == 200
        assert "Codes will go to +49 *** **67 again" in text(page)
    owner.refresh_from_db()
    assert owner.phone == NEW
    assert "Codes go to +49 *** **67 again" in text(post(anybody, link))
    owner.refresh_from_db()
    assert (owner.phone, owner.phone_source) == (OLD, PhoneSource.DIRECTORY)
    assert get(thief, "/").status_code == 302
    assert "Your earlier phone number is back" in old.text(nth=2)
    for answer in (get(anybody, link), post(anybody, link)):
        assert answer.status_code == 410
        assert "used already" in text(answer)


@pytest.mark.row("T-45")
@pytest.mark.parametrize("path", ["x/y", "x" * 300 + "/y", "%00/y", "..%2f/y", "é/ü"])
def test_a_link_that_is_none_says_so(client: Client, db: None, path: str) -> None:
    for answer in (get(client, f"/sms/undo/{path}/"), post(client, f"/sms/undo/{path}/")):
        assert answer.status_code in (400, 404, 410)


@pytest.mark.row("T-22b")
@pytest.mark.parametrize("path", ["/sms/change/", "/sms/confirm/", "/sms/resend/", "/sms/remove/", "/sms/preview/"])
def test_nothing_changes_without_a_fresh_proof(at_home: acting.Person, owner: User, path: str) -> None:
    follow(at_home.client, post(at_home.client, "/sms/change/", **TYPED))
    sent = Delivery.objects.count()
    at_home.let_proof_grow_old()
    answer = post(at_home.client, path, code="123456", **TYPED)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/prove/")
    owner.refresh_from_db()
    assert owner.phone == OLD
    assert Delivery.objects.count() == sent


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (PhoneSource.SELF, "You entered this number. It is not confirmed. It keeps working"),
        (PhoneSource.HELPDESK, "Helpdesk entered this number. It is not confirmed. It keeps working"),
        (PhoneSource.DIRECTORY, "This number comes from the directory. It is not confirmed. It keeps working"),
    ],
)
def test_the_page_says_where_the_present_number_comes_from(
    at_home: acting.Person, owner: User, source: PhoneSource, told: str
) -> None:
    User.objects.filter(pk=owner.pk).update(phone_source=source, phone_confirmed_at=None)
    assert told in text(get(at_home.client, "/sms/change/"))


def test_remove_the_number(at_home: acting.Person, owner: User, old: Phone) -> None:
    assert "Codes by SMS stop at once" in text(get(at_home.client, "/sms/remove/"))
    assert "Your phone number is removed" in follow(at_home.client, post(at_home.client, "/sms/remove/"))
    owner.refresh_from_db()
    assert owner.phone == ""
    assert "removed" in old.text()
    assert get(at_home.client, "/sms/remove/").status_code == 302


@pytest.mark.row("T-22c")
def test_the_last_factor_stays_where_one_is_required(client: Client, owner: User, old: Phone) -> None:
    policy.require(owner, True, actor=None, reason="everybody")
    acting.give_password(client, "alice")
    follow(client, post(client, "/sign-in/code/send/?way=sms"))
    follow(client, acting.give_code(client, old.code(), way="sms"))
    refused = post(client, "/sms/remove/")
    assert refused.status_code == 409
    assert "This is your last second factor" in text(refused)
    assert Factor.objects.filter(user=owner, kind="sms").exists()


def test_the_own_number_is_politely_refused(at_home: acting.Person, owner: User) -> None:
    User.objects.filter(pk=owner.pk).update(phone_confirmed_at=NOON)
    answer = post(at_home.client, "/sms/change/", country="DE", number=OLD)
    assert answer.status_code == 422
    assert "This is your number already" in text(answer)


def test_a_shared_number_is_pointed_out(at_home: acting.Person) -> None:
    User.objects.create(username="other", phone=NEW, password="!")
    assert "Another account uses this number too" in follow(
        at_home.client, post(at_home.client, "/sms/change/", **TYPED)
    )


@pytest.mark.row("T-55")
@pytest.mark.parametrize("number", [number for number, _ in BAD_PHONES])
def test_a_bad_number_is_refused_beside_its_field(at_home: acting.Person, number: str) -> None:
    for path in ("/sms/change/", "/sms/preview/"):
        answer = post(at_home.client, path, country="DE", number=number)
        assert answer.status_code in (200, 400, 413, 422)
        assert Delivery.objects.filter(channel="sms").count() == 0


@pytest.mark.row("T-55")
@pytest.mark.parametrize("country", ["", "XX", "DE\x00", "de", "../", "<b>", "DEDEDE", "🇩🇪"])
def test_a_country_that_is_none_is_refused(at_home: acting.Person, country: str) -> None:
    answer = post(at_home.client, "/sms/change/", country=country, number="015112345678")
    assert answer.status_code == 422
    assert Delivery.objects.filter(channel="sms").count() == 0


@pytest.mark.row("T-55")
@pytest.mark.parametrize("code", ["", " ", "\x00", "1" * 65, "abc", "１２３４５６", "'; --", "<b>"])
def test_a_code_that_is_none_is_refused_beside_its_field(at_home: acting.Person, owner: User, code: str) -> None:
    follow(at_home.client, post(at_home.client, "/sms/change/", **TYPED))
    assert post(at_home.client, "/sms/confirm/", code=code).status_code == 422
    owner.refresh_from_db()
    assert owner.phone == OLD


def test_pages_without_a_change_that_waits_lead_back(at_home: acting.Person) -> None:
    assert "This change has ended" in follow(at_home.client, get(at_home.client, "/sms/confirm/"))
    assert "This change has ended" in follow(at_home.client, post(at_home.client, "/sms/resend/"))


@pytest.mark.row("F-04")
@pytest.mark.row("F-05")
def test_the_page_says_how_the_message_fares(
    at_home: acting.Person, kannel: Kannel, new: Phone, clock: time_machine.Traveller
) -> None:
    client = at_home.client
    kannel.stop_smsbox()
    follow(client, post(client, "/sms/change/", **TYPED))
    path = f"/messages/{Delivery.objects.get(recipient=NEW).pk}/"
    assert "The message is being sent" in text(get(client, path))
    workers_do_their_round()
    clock.shift(16)
    assert "The message is delayed" in text(get(client, path))
    kannel.start_smsbox()
    workers_do_their_round()
    assert "Sent at 12:0" in text(get(client, path))
    assert len(kannel.messages()) <= 1
    assert "confirmed" in follow(client, post(client, "/sms/confirm/", code=new.code()))


def test_only_the_session_that_asked_can_watch_a_message(at_home: acting.Person, client: Client) -> None:
    follow(at_home.client, post(at_home.client, "/sms/change/", **TYPED))
    path = f"/messages/{Delivery.objects.get(recipient=NEW).pk}/"
    assert get(at_home.client, path).status_code == 200
    assert get(Client(SERVER_NAME="portal.test"), path).status_code == 404
    assert get(at_home.client, "/messages/999999/").status_code == 404


def test_previews_are_bounded(at_home: acting.Person) -> None:
    answers = [post(at_home.client, "/sms/preview/", **TYPED).status_code for _ in range(62)]
    assert answers[:59] == [200] * 59
    assert answers[-1] == 429
    assert get(at_home.client, "/sms/preview/").status_code == 405


@pytest.mark.row("T-26")
def test_a_forged_host_poisons_no_link(at_home: acting.Person, old: Phone, new: Phone) -> None:
    client = at_home.client
    forged = {"x-forwarded-host": "evil.test", "forwarded": "host=evil.test"}
    assert client.post("/sms/change/", TYPED, secure=True, headers={"host": "evil.test"}).status_code == 400
    client.post("/sms/change/", TYPED, secure=True, headers=forged)
    code = {"code": new.code()}
    assert client.post("/sms/confirm/", code, secure=True, headers=forged).status_code == 302
    assert "evil.test" not in old.text()
    assert "https://portal.test/sms/undo/" in old.text()


def test_a_number_that_helpdesk_entered_is_confirmed_by_its_owner(
    at_home: acting.Person, owner: User, old: Phone, mailbox: Mailbox
) -> None:
    client = at_home.client
    User.objects.filter(pk=owner.pk).update(phone_source=PhoneSource.HELPDESK)
    assert "It is not confirmed." in text(get(client, "/sms/change/"))
    waiting = follow(client, post(client, "/sms/present/"))
    assert "Confirm your number" in waiting
    assert "Your old number works until then" not in waiting
    assert "Your number is confirmed" in follow(client, post(client, "/sms/confirm/", code=old.code()))
    page = text(get(client, "/sms/change/"))
    assert "It is confirmed" in page
    assert "Confirm this number" not in page
    assert "This is your number already" in follow(client, post(client, "/sms/present/"))
    assert "Phone number confirmed" in text(get(client, "/history/"))
