"""One delivery in the admin: its conversation and cause in words; test messages that can be watched."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa import message_alarms
from mfa.delivery import causes, claims, hand_over
from mfa.desk import delivery_figures
from mfa.models import AuditEvent, Budget, Delivery
from tests.services.smtp import Smtp

OUTBOX = "/admin/mfa/delivery/"
TEST = f"{OUTBOX}test/"
State = Delivery.State


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def made(
    alice: User, *steps: dict[str, Any], state: str = State.FAILED, channel: str = "mail", **more: Any
) -> Delivery:
    trace = [{"gateway": "smtp", "try": 1, "at": "2026-03-02T09:31:04+00:00", "steps": [{"ms": 1, **s} for s in steps]}]
    recipient = "alice@example.test" if channel == "mail" else "+491701234567"
    return Delivery.objects.create(
        user=alice, channel=channel, template="code", recipient=recipient, state=state, tries=1, trace=trace
    )


@pytest.mark.parametrize(
    ("step", "title", "advice"),
    [
        ({"step": "connect", "text": "the connection was refused"}, "cannot be reached", "that the server runs"),
        ({"step": "greeting", "code": 554}, "does not want to talk now (554)", "block list"),
        ({"step": "starttls", "text": "no"}, "offers no encryption", "Switch STARTTLS on"),
        (
            {"step": "tls", "text": "the certificate is not trusted"},
            "certificate is not trusted",
            "trust its authority",
        ),
        ({"step": "auth", "code": 535}, "refused the portal's account (535)", "user name and password"),
        ({"step": "mail", "code": 553}, "refused the sender (553)", "MAIL_FROM"),
        ({"step": "rcpt", "code": 550, "text": "5.1.1 no"}, "does not exist", "address in the directory"),
        ({"step": "rcpt", "code": 552, "text": "5.2.2 no"}, "the mailbox is full", "make room"),
        ({"step": "rcpt", "code": 450, "text": "4.2.0 no"}, "come back later", "tried again by itself"),
        ({"step": "rcpt", "code": 571, "text": "5.7.1 no"}, "refused the recipient (571)", "words below"),
        ({"step": "content", "code": 554}, "refused the mail itself (554)", "unwanted mail"),
        ({"step": "rcpt", "text": "no answer in time"}, "fell silent", "tried again"),
    ],
)
def test_each_refusal_of_a_mail_is_told_with_what_to_do(
    alice: User, step: dict[str, Any], title: str, advice: str
) -> None:
    found = causes.of(made(alice, {"step": "connect"}, step, {"step": "quit", "code": 221}))
    assert title in found.title
    assert advice in found.advice


@pytest.mark.parametrize(
    ("step", "title"),
    [
        ({"step": "connect", "text": "ConnectionRefusedError"}, "cannot be reached"),
        ({"step": "request", "text": "no answer in time"}, "did not answer"),
        ({"step": "request", "code": 403}, "refused the message (403)"),
        ({"step": "request", "code": 503}, "refused the message (503)"),
        ({"step": "request", "code": 400}, "refused the message (400)"),
    ],
)
def test_each_refusal_of_an_sms_is_told(alice: User, step: dict[str, Any], title: str) -> None:
    found = causes.of(made(alice, step, channel="sms"))
    assert title in found.title
    assert found.advice


@pytest.mark.parametrize(
    ("state", "title"),
    [
        (State.SENT, "took it"), (State.DELIVERED, "arrived"), (State.EXPIRED, "not sent late"),
        (State.UNCERTAIN, "nobody here can tell"), (State.QUEUED, "cannot be reached"),
    ],
)  # fmt: skip
def test_each_state_has_its_words(alice: User, state: str, title: str) -> None:
    assert title in causes.of(made(alice, {"step": "connect", "text": "refused"}, state=state)).title


@pytest.mark.row("A-8.2.3")
@pytest.mark.parametrize(
    ("role", "address", "number"),
    [("auditor", "a***@inner.test", "***********78"), ("admin", "al.s@inner.test", "4917012345678")],
)
def test_the_conversation_is_read_as_words_and_masked_where_the_role_asks_for_it(
    staff: Callable[..., Client], alice: User, role: str, address: str, number: str
) -> None:
    reply = {"code": 550, "text": "5.1.1 <al.s@inner.test> 4917012345678?"}
    said = {"step": "rcpt", "said": "RCPT TO:<(recipient)>", **reply}
    delivery = made(alice, {"step": "connect", "said": "mail.test:587", "text": "connected"}, said)
    page = text(staff(role).get(f"{OUTBOX}{delivery.pk}/change/", secure=True))
    assert f"550 5.1.1 <{address}> {number}?" in page
    assert "the mailbox does not exist" in page
    assert "Name the recipient RCPT TO:<(recipient)>" in page
    assert "mail.test:587" in page
    assert "09:31:04" in page


@pytest.mark.row("A-8.2.3")
@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_deliveries_are_found_by_person_and_by_recipient_only_where_recipients_are_seen(
    staff: Callable[..., Client], alice: User, make_user: Callable[..., User], role: str
) -> None:
    delivery = made(alice, {"step": "connect"})
    made(make_user("bob"), {"step": "connect"}, channel="sms")
    client = staff(role)
    queries = {"q=alice": True, "q=alice%40example.test": role == "admin", "channel__exact=mail&message=codes": True}
    for query, found in queries.items():
        answer = client.get(f"{OUTBOX}?{query}", secure=True)
        assert [row.pk for row in answer.context["cl"].result_list] == ([delivery.pk] if found else []), query


def test_a_test_mail_is_watched_step_by_step_until_its_end(
    staff: Callable[..., Client], by_smtp: Smtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = staff("admin")
    answer = client.post(TEST, {"channel": "mail", "to": "ops@example.test"}, secure=True)
    delivery = Delivery.objects.get(template="test-message")
    assert answer.headers["Location"] == f"{OUTBOX}{delivery.pk}/change/"
    part = f"{OUTBOX}{delivery.pk}/part/"
    waiting = client.get(part, secure=True)
    assert "data-done" not in waiting.content.decode()
    assert "waits for a worker" in text(waiting)
    seen: list[str] = []
    write = claims.traced

    def write_and_look(claim: Delivery) -> None:
        write(claim)
        seen.append(text(client.get(part, secure=True)))

    monkeypatch.setattr(claims, "traced", write_and_look)
    hand_over.attempt(delivery.pk, clock=timezone.now)
    assert len(seen) == 12
    assert ["Name the sender MAIL FROM:<portal@portal.test>" in page for page in seen] == [False] * 7 + [True] * 5
    assert "Name the recipient" not in seen[7]
    ended = client.get(f"{OUTBOX}{delivery.pk}/change/", secure=True)
    assert "Give the mail" in text(ended)
    assert "The mail server took it" in text(ended)
    assert "Test message from Second factors" in str(by_smtp.wait_for("ops@example.test").message["Subject"])
    event = AuditEvent.objects.get(action="delivery.tested")
    assert event.details == {"channel": "mail", "to": "o***@example.test", "delivery": delivery.pk}


def test_a_test_sms_goes_by_the_gateway_and_is_found_in_the_trail_masked(staff: Callable[..., Client]) -> None:
    client = staff("admin")
    assert client.post(TEST, {"channel": "sms", "to": "0170 1234567"}, secure=True).status_code == 302
    delivery = Delivery.objects.get(template="test-message")
    assert (delivery.channel, delivery.recipient) == ("sms", "+491701234567")
    hand_over.attempt(delivery.pk, clock=timezone.now)
    page = text(client.get(f"{OUTBOX}{delivery.pk}/change/", secure=True))
    assert "The gateway took it." in page
    assert "Try 1, by inbox" in page
    assert AuditEvent.objects.get(action="delivery.tested").details["to"] == "+49 *** **67"


def test_a_test_that_fails_says_why(staff: Callable[..., Client], by_smtp: Smtp) -> None:
    by_smtp.refuse("RCPT", "550 5.1.1 No such user here")
    client = staff("admin")
    client.post(TEST, {"channel": "mail", "to": "nobody@example.test"}, secure=True)
    delivery = Delivery.objects.get(template="test-message")
    hand_over.attempt(delivery.pk, clock=timezone.now)
    page = client.get(f"{OUTBOX}{delivery.pk}/change/", secure=True)
    assert "The server refused the recipient (550): the mailbox does not exist" in text(page)
    assert "data-poll-url" not in page.content.decode()


@pytest.mark.row("T-18")
@pytest.mark.parametrize(
    ("channel", "to", "words"),
    [
        ("mail", "nobody", "no mail address"), ("mail", "a@b.test, c@d.test", "no mail address"),
        ("mail", "", "Type an address"), ("sms", "+499001234567", ""), ("sms", "+881612345678", ""),
        ("sms", "12", ""), ("fax", "1", "Select a valid choice"), ("mail", "a@b.test\nBcc: c@d.test", "no mail"),
    ],
)  # fmt: skip
def test_what_may_get_no_message_gets_no_test_either(
    staff: Callable[..., Client], channel: str, to: str, words: str
) -> None:
    answer = staff("admin").post(TEST, {"channel": channel, "to": to}, secure=True)
    assert answer.status_code == 422
    assert words in html.unescape(answer.content.decode())
    assert Delivery.objects.count() == 0


@pytest.mark.row("T-16")
@pytest.mark.row("T-19")
def test_test_messages_are_few_for_the_admin_and_for_the_recipient(staff: Callable[..., Client]) -> None:
    client = staff("admin")
    statuses = [
        client.post(TEST, {"channel": "mail", "to": f"{number}@example.test"}, secure=True).status_code
        for number in range(5)
    ]
    assert statuses == [302, 302, 302, 422, 422]
    now = timezone.now().timestamp()
    Budget.objects.all().delete()
    Budget.objects.create(subject="sms:deployment", spent=[now] * 30)
    assert client.post(TEST, {"channel": "sms", "to": "+491701234567"}, secure=True).status_code == 422


@pytest.mark.row("T-21")
def test_a_test_message_needs_a_fresh_proof(staff: Callable[..., Client]) -> None:
    client = staff("admin", proved_at=timezone.now() - timedelta(minutes=6))
    assert client.get(TEST, secure=True).headers["Location"].startswith("/prove/")
    assert client.post(TEST, {"channel": "mail", "to": "a@b.test"}, secure=True).status_code == 302
    assert Delivery.objects.count() == 0


def test_nothing_left_of_an_old_trace_is_said(staff: Callable[..., Client], alice: User) -> None:
    delivery = made(alice, state=State.SENT)
    Delivery.objects.update(trace=[])
    page = text(staff("auditor").get(f"{OUTBOX}{delivery.pk}/change/", secure=True))
    assert "What was said is not kept any longer." in page


def test_the_list_says_how_codes_leave_and_what_to_do_about_an_alarm(
    staff: Callable[..., Client], alice: User, settings: Settings
) -> None:
    settings.SMS_GATEWAYS, settings.SMS_PER_DAY, settings.CODES_ALARM_PERCENT = ["kannel", "http"], 30, 50
    now = timezone.now()
    for number in range(24):
        gateway, state = ("kannel", State.FAILED) if number < 3 else ("http", State.DELIVERED)
        Delivery.objects.create(
            user=alice, channel="sms", template="code", recipient="+491701234567", gateway=gateway, state=state,
            created_at=now - timedelta(minutes=20), handed_over_at=None if state == State.FAILED else now,
        )  # fmt: skip
    watched = now.replace(hour=12)
    Delivery.objects.update(created_at=watched - timedelta(minutes=20))
    message_alarms.watch(now=watched)
    (sms, mail) = delivery_figures.context(now=watched)["leaving"]
    assert (sms.queued, sms.most, sms.left, sms.back, sms.few) == (24, 30, 21, 0, False)
    assert [(way.name, way.left, way.failed) for way in sms.ways] == [("kannel", 0, 3), ("http", 21, 0)]
    assert (mail.queued, mail.few) == (0, True)
    page = text(staff("auditor").get(OUTBOX, secure=True))
    for words in (
        "the day's budget of codes is nearly spent", "raise SMS_PER_DAY", "few of the codes that are sent come back",
        "Send a test message to yourself", "Gateways are tried in this order",
    ):  # fmt: skip
        assert words in page
