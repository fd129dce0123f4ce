"""Codes by SMS and mail at the second prompt of a VPN: a real FreeRADIUS, Kannel and mail server."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from mfa import limits
from mfa.factors.email import addresses
from mfa.models import Application, AuditEvent, AuthenticationRecord, Budget, Delivery, Factor
from mfa.outcomes import SMS_SENT, SMS_VERIFIED
from tests.conftest import PASSWORD
from tests.lines import Lines, lines
from tests.mfa.doors import SECRET, add_factor, give_role, sign_in
from tests.mfa.factors.phones import code_in, other_than
from tests.services.kannel import Kannel
from tests.services.servers.freeradius import Answered, FreeRadius
from tests.services.smtp import Smtp
from tests.stories.authenticator import Phone as App
from tests.stories.phones import Phone, workers_do_their_round

__all__ = ["lines"]

NUMBER = "+4915112345678"


@pytest.fixture(autouse=True)
def world(by_kannel: Kannel, by_smtp: Smtp) -> None:
    cache.clear()


@pytest.fixture
def owner(make_user: Callable[..., User], kannel: Kannel) -> Phone:
    """Alice's telephone; she has no other factor."""
    make_user("alice", phone=NUMBER)
    return Phone(NUMBER, kannel)


def first(radius: FreeRadius) -> Answered:
    return radius.ask(User_Name="alice", User_Password=PASSWORD)


def then(radius: FreeRadius, typed: str, asked: Answered) -> Answered:
    return radius.ask(User_Name="alice", User_Password=typed, State=asked.state)


def codes_sent() -> int:
    return Delivery.objects.filter(template="code").count()


def let_a_minute_pass() -> None:
    Budget.objects.update(spent=[])


def test_a_wrong_sms_code_is_typed_again_at_once_with_the_code_that_is_there(radius: FreeRadius, owner: Phone) -> None:
    asked = first(radius)
    assert (asked.packet, "***" in asked.words, "5678" in asked.words) == ("Access-Challenge", True, False)
    code = owner.code()
    assert then(radius, other_than(code), asked).packet == "Access-Reject"
    again = first(radius)
    assert (again.packet, codes_sent()) == ("Access-Challenge", 1)
    assert then(radius, code, again).packet == "Access-Accept"
    assert then(radius, code, again).packet == "Access-Reject"  # the question was answered, the code is spent
    results = AuthenticationRecord.objects.order_by("pk").values_list("code", flat=True)
    assert (results[0], results[3]) == (SMS_SENT.code, SMS_VERIFIED.code)


@pytest.mark.row("T-67e")
def test_a_retransmitted_password_sends_no_second_sms(radius: FreeRadius, owner: Phone) -> None:
    with radius.losing_the_first_answer() as gateway:
        asked = gateway.ask(User_Name="alice", User_Password=PASSWORD, tries=20, wait=1.0)
    assert (asked.packet, codes_sent()) == ("Access-Challenge", 1)
    assert then(radius, owner.code(), asked).packet == "Access-Accept"


def test_another_factor_is_chosen_by_its_word_and_a_question_mark_asks_again(
    radius: FreeRadius, vpn: Application, owner: Phone, smtp: Smtp
) -> None:
    user = User.objects.get(username="alice")
    add_factor(user, state={"algorithm": "SHA1", "digits": 6, "period": 30})
    mailbox = Factor(user=user, kind="email", name="Mail", confirmed=True)
    Application.objects.update(kinds=["totp", "sms", "email"])
    confirm_mailbox(mailbox)
    asked = first(radius)
    assert "authenticator app" in asked.words
    assert asked.words.endswith("(or type sms / mail):")
    by_sms = then(radius, " SMS ", asked)
    assert (by_sms.packet, codes_sent()) == ("Access-Challenge", 1)
    code = owner.code()
    again = then(radius, "?", by_sms)
    assert ("***" in again.words, codes_sent()) == (True, 1)
    let_a_minute_pass()
    resent = then(radius, "?", again)
    assert codes_sent() == 2
    assert then(radius, code, resent).packet == "Access-Reject"  # the older one ended
    by_mail = then(radius, "mail", first(radius))
    assert then(radius, mailed(smtp, user.email), by_mail).packet == "Access-Accept"
    by_app = then(radius, "app", then(radius, "sms", first(radius)))
    assert then(radius, App(SECRET, "alice").code(), by_app).packet == "Access-Accept"


def test_a_code_by_mail_counts_only_where_the_application_lists_it(
    radius: FreeRadius, vpn: Application, make_user: Callable[..., User], smtp: Smtp
) -> None:
    user = make_user("alice")
    confirm_mailbox(Factor(user=user, kind="email", name="Mail", confirmed=True))
    assert first(radius).packet == "Access-Reject"
    Application.objects.update(kinds=["email"])
    asked = first(radius)
    assert asked.packet == "Access-Challenge"
    assert then(radius, mailed(smtp, user.email), asked).packet == "Access-Accept"


@pytest.mark.row("N-09")
def test_another_sms_does_not_forget_the_wrong_codes(radius: FreeRadius, owner: Phone) -> None:
    for _ in range(4):
        asked = first(radius)
        code = owner.code(nth=codes_sent())
        assert then(radius, other_than(code), asked).packet == "Access-Reject"
    let_a_minute_pass()
    asked = first(radius)
    assert codes_sent() == 2
    code = owner.code(nth=2)
    assert then(radius, other_than(code), asked).packet == "Access-Reject"
    assert first(radius).packet == "Access-Reject"
    record = AuthenticationRecord.objects.first()
    assert record
    assert "lock" in record.cause.lower()


def test_where_no_sms_may_leave_the_next_factor_is_asked_for(radius: FreeRadius, owner: Phone) -> None:
    user = User.objects.get(username="alice")
    add_factor(user, state={"algorithm": "SHA1", "digits": 6, "period": 30})
    then(radius, "sms", first(radius))
    code = owner.code()
    assert then(radius, code, then(radius, "sms", first(radius))).packet == "Access-Accept"
    instead = then(radius, "sms", first(radius))  # within the minute, and the code is spent
    assert "authenticator app" in instead.words
    record = AuthenticationRecord.objects.first()
    assert record
    assert "instead of sms" in record.cause
    assert then(radius, App(SECRET, "alice").code(), instead).packet == "Access-Accept"


def confirm_mailbox(factor: Factor) -> None:
    factor.state = {addresses.CONFIRMED: addresses.fingerprint(factor.user.email)}
    factor.save()


def mailed(smtp: Smtp, address: str) -> str:
    workers_do_their_round()
    return code_in([mail.text for mail in smtp.messages if address in mail.recipients][-1].strip())


def test_one_name_leads_from_the_gateways_request_to_everything_it_set_off(
    radius: FreeRadius, owner: Phone, lines: Lines, client: Client
) -> None:
    """From FreeRADIUS's line to attempt, event, message and worker, whichever of them is found first."""
    asked = first(radius)
    code = owner.code()
    Factor.objects.filter(kind="sms").update(failures=limits.FACTOR_CEILING - 1)
    assert then(radius, other_than(code), asked).packet == "Access-Reject"
    sms = Delivery.objects.get(template="code")
    attempt = AuthenticationRecord.objects.get(code=SMS_SENT.code)
    assert f"request {sms.request_id} from vpn-1: Access-Challenge" in radius.own_log()
    assert attempt.request_id == sms.request_id
    assert [message for message in lines.of(sms.request_id) if message.startswith(f"kannel {sms.key} to")]

    event = AuditEvent.objects.get(action="factor.disabled")
    assert f"request {event.request_id} from vpn-1: Access-Reject" in radius.own_log()
    assert [message for message in lines.of(event.request_id) if "disabled" in message]
    notices = Delivery.objects.filter(template="factor-disabled")
    assert {notice.request_id for notice in notices} == {event.request_id} != {sms.request_id}

    Delivery.objects.update(state=Delivery.State.DELIVERED)  # while one is awaited, its page shows its way only
    auditor = give_role(User.objects.create_user("auditor", email="auditor@example.test"), "auditor")
    sign_in(client, auditor, add_factor(auditor))
    assert linked(client, "authenticationrecord", sms.request_id) == {f"delivery/{sms.pk}"}
    assert linked(client, "delivery", sms.request_id) == {f"authenticationrecord/{attempt.pk}"}
    judged = AuthenticationRecord.objects.get(request_id=event.request_id)
    others = {f"authenticationrecord/{judged.pk}", *(f"delivery/{notice.pk}" for notice in notices)}
    assert linked(client, "auditevent", event.request_id) == others


def linked(client: Client, model: str, request_id: str) -> set[str]:
    """Where the one row leads that the search of this list finds by a request's id."""
    found = client.get(f"/admin/mfa/{model}/", {"q": request_id}, secure=True).context["cl"].result_list
    (row,) = found
    page = client.get(f"/admin/mfa/{model}/{row.pk}/change/", secure=True)
    section = page.content.decode().partition('id="same-request"')[2].partition("</section>")[0]
    return set(re.findall(r'href="/admin/mfa/([a-z]+/\d+)/change/"', section))
