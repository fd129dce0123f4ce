"""Receipts: from a real Kannel and a signed callback to the state; forged, repeated and late ones change nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa.delivery import claims, receipts
from mfa.delivery.receipts import Receipt
from mfa.models import Delivery
from tests.mfa.delivery.messages import NUMBER, Clock, attempt, queued_sms
from tests.services.http_gateway import HttpGateway, Request
from tests.services.kannel import Kannel
from tests.services.twilio import Twilio

State = Delivery.State


@pytest.fixture
def sent(alice: User, clock: Clock, by_twilio: Twilio) -> Delivery:
    return attempt(queued_sms(alice, now=clock()), clock)


def now_of(delivery: Delivery) -> Delivery:
    return Delivery.objects.get(pk=delivery.pk)


def say(delivery: Delivery, status: str, *, gateway: str = "twilio", **more: Any) -> Delivery:
    receipts.take(delivery.key, Receipt(gateway, status, **more), now=timezone.now())
    return now_of(delivery)


@pytest.fixture
def on_the_line(settings: Settings, http_gateway: HttpGateway) -> HttpGateway:
    """Where gateways report to: a server that records what comes, to be handed on to the portal by `handed_on`."""
    http_gateway.reset()
    settings.RECEIPTS_URL = http_gateway.url.removesuffix("/sms")
    return http_gateway


def handed_on(client: Client, request: Request) -> int:
    """What the portal answers to the request as it came over the line."""
    if request.method == "GET":
        return client.get(request.path, secure=True).status_code
    signed = {"X-Twilio-Signature": request.headers["x-twilio-signature"]}
    form = "application/x-www-form-urlencoded"
    return client.post(request.path, request.body.decode(), content_type=form, headers=signed, secure=True).status_code


def test_a_real_kannel_reports_that_the_phone_has_it(
    client: Client, alice: User, clock: Clock, by_kannel: Kannel, on_the_line: HttpGateway
) -> None:
    delivery = attempt(queued_sms(alice, now=clock()), clock)
    assert by_kannel.wait_for(NUMBER)
    reports = on_the_line.wait_for(2)
    assert {request.query["status"] for request in reports} == {"1", "8"}
    assert [handed_on(client, request) for request in reports] == [204, 204]
    arrived = now_of(delivery)
    assert arrived.state == State.DELIVERED
    assert arrived.delivered_at is not None
    assert {one["status"] for one in arrived.receipts} == {"1", "8"}


def test_a_signed_callback_moves_the_state_and_a_forged_one_does_not(
    client: Client, alice: User, clock: Clock, by_twilio: Twilio, on_the_line: HttpGateway
) -> None:
    delivery = attempt(queued_sms(alice, now=clock()), clock)
    (sid,) = by_twilio.messages

    def report(status: str, *, of: str = sid, **more: str) -> int:
        by_twilio.report(of, status, **more)
        return handed_on(client, on_the_line.requests[-1])

    for forged in ("", "AAAA", by_twilio.sign(on_the_line.url, {})):
        assert report("delivered", signature=forged) == 403
    assert now_of(delivery).state == State.SENT
    assert report("sent") == 204
    assert now_of(delivery).state == State.SENT
    assert report("delivered") == 204
    assert report("delivered") == 204
    assert report("undelivered", error="30003") == 204
    assert now_of(delivery).state == State.DELIVERED
    other = "SM" + "0" * 32
    by_twilio.messages[other] = by_twilio.messages[sid]
    assert report("read", of=other) == 404


def test_an_address_with_a_wrong_token_is_refused_and_tells_nothing(client: Client, sent: Delivery) -> None:
    """Neither whether a message exists nor what became of it."""
    for name in ("kannel_receipt", "twilio_receipt"):
        send = client.get if name == "kannel_receipt" else client.post
        for key in (sent.key, "nothing"):
            answer = send(reverse(name, args=[key, "0" * 32]), {"status": "1"}, secure=True)
            assert (answer.status_code, answer.content) == (403, b"")
    assert now_of(sent).state == State.SENT


def test_a_right_address_without_a_session_or_form_token_is_enough_for_kannel(
    alice: User, clock: Clock, by_kannel: Kannel
) -> None:
    delivery = attempt(queued_sms(alice, now=clock()), clock)
    path = receipts.url(delivery.key, "kannel").removeprefix("https://portal.test")
    strict = Client(enforce_csrf_checks=True)
    for status, answer in (("", 404), ("99", 404), ("%00", 404), ("8", 204), ("16", 204)):
        assert strict.get(path, {"status": status}, secure=True).status_code == answer
    failed = now_of(delivery)
    assert (failed.state, failed.error) == (State.FAILED, "kannel: not delivered (16)")
    assert strict.post(path, {"status": "1"}, secure=True).status_code == 403
    assert not strict.cookies


def test_a_state_only_moves_forward(sent: Delivery) -> None:
    assert say(sent, "sent").state == State.SENT
    assert say(sent, "undelivered", error="30005").state == State.FAILED
    assert say(sent, "sent").state == State.FAILED
    arrived = say(sent, "delivered")
    assert (arrived.state, arrived.error) == (State.DELIVERED, "")
    assert say(sent, "failed").state == State.DELIVERED
    assert say(sent, "queued").state == State.DELIVERED


def test_a_repeated_receipt_changes_nothing_not_even_its_moment(sent: Delivery) -> None:
    first = say(sent, "delivered")
    again = say(sent, "delivered")
    assert (again.delivered_at, again.receipts) == (first.delivered_at, first.receipts)


def test_no_flood_of_receipts_grows_the_row(sent: Delivery) -> None:
    for status in [*receipts.TWILIO] * 3:
        say(sent, status, error="x" * 500)
    kept = now_of(sent).receipts
    assert len(kept) <= receipts.MOST
    assert all(len(one["error"]) <= 20 for one in kept)


def test_a_receipt_of_another_gateway_or_for_what_never_left_is_not_taken(
    alice: User, clock: Clock, sent: Delivery
) -> None:
    assert say(sent, "1", gateway="kannel").state == State.SENT
    assert say(sent, "delivered", reference="SM0").state == State.SENT
    waiting = queued_sms(alice, now=clock())
    assert say(waiting, "delivered").state == State.QUEUED


def test_a_receipt_that_outruns_the_gateways_answer_is_kept(alice: User, clock: Clock, by_twilio: Twilio) -> None:
    delivery = queued_sms(alice, now=clock())
    claim = claims.take(delivery.pk, now=clock())
    assert claim is not None
    claims.begin(claim, "twilio", now=clock())
    assert say(delivery, "delivered").state == State.DELIVERED
    claim.trace = [{"try": 1}]
    claims.sent(claim, "SM1", keep_text=False, now=clock())
    arrived = now_of(delivery)
    assert (arrived.state, arrived.reference, arrived.trace, arrived.body) == (State.DELIVERED, "SM1", [{"try": 1}], "")


@pytest.mark.row("F-05")
def test_the_second_gateway_is_asked_only_where_the_first_surely_did_not_take_it(
    alice: User, clock: Clock, by_kannel: Kannel, by_twilio: Twilio, settings: Settings
) -> None:
    settings.SMS_GATEWAYS = ["twilio", "kannel"]
    by_twilio.fail = (503, 20503, "Service unavailable")
    sent = attempt(queued_sms(alice, now=clock()), clock)
    assert (sent.state, sent.gateway) == (State.SENT, "kannel")
    assert [one["gateway"] for one in sent.trace] == ["twilio", "kannel"]
    assert by_kannel.wait_for(NUMBER)
    assert by_twilio.messages == {}


def test_the_waiting_page_tells_both_moments(client: Client, alice: User, clock: Clock, sent: Delivery) -> None:
    receipts.take(sent.key, Receipt("twilio", "delivered"), now=clock() + timedelta(seconds=5))
    session = client.session
    session["own_messages"] = [sent.pk]
    session.save()
    page = client.get(f"/messages/{sent.pk}/", secure=True).content.decode()
    assert "Sent at 09:31:04, delivered at 09:31:09." in page
