"""One try to send one message, with a provider that behaves and one that does not."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.models import User
from mfa.delivery import claims, outbox
from mfa.delivery.gateways import transport
from mfa.models import Delivery
from tests.mfa.delivery.messages import NUMBER, Clock, attempt, attempt_when_due, queued_sms
from tests.services.http_gateway import HttpGateway
from tests.services.kannel import Kannel

State = Delivery.State


def test_a_message_leaves_once_and_its_text_goes(alice: User, clock: Clock, by_http: HttpGateway) -> None:
    delivery = queued_sms(alice, now=clock())
    sent = attempt(delivery, clock)
    attempt(delivery, clock)
    assert (sent.state, sent.gateway, sent.reference, sent.body) == (State.SENT, "http", "1", "")
    (request,) = by_http.requests
    assert request.json() == {
        "to": NUMBER,
        "from": "Portal",
        "text": "123456 is your code for Second factors. Never tell it to anybody.\n\n@portal.test #123456",
        "key": delivery.key,
    }
    assert request.headers["authorization"] == "Bearer token-of-the-provider"
    assert request.headers["idempotency-key"] == delivery.key


@pytest.mark.row("F-05")
@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_provider_that_fails_is_asked_again_with_growing_pauses(
    alice: User, clock: Clock, by_http: HttpGateway, status: int
) -> None:
    by_http.answer(status, times=2)
    delivery = queued_sms(alice, now=clock())
    pauses = []
    for _ in range(2):
        tried = attempt_when_due(delivery, clock)
        assert (tried.state, tried.error) == (State.QUEUED, f"answered {status}")
        pauses.append((tried.next_try_at - clock()).total_seconds())
    assert pauses == [10, 20]
    assert attempt_when_due(delivery, clock).state == State.SENT
    assert {request.json()["key"] for request in by_http.requests} == {delivery.key}


@pytest.mark.row("F-05")
def test_tries_end_with_the_time_of_the_code(alice: User, clock: Clock, by_http: HttpGateway) -> None:
    by_http.answer(503)
    delivery = queued_sms(alice, now=clock())
    while clock() < (delivery.expires_at or clock()):
        attempt_when_due(delivery, clock)
        clock.forward(seconds=1)
    claims.expire(now=clock())
    delivery.refresh_from_db()
    assert (delivery.state, delivery.body) == (State.EXPIRED, "")
    assert 8 <= len(by_http.requests) <= 15


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_final(alice: User, clock: Clock, by_http: HttpGateway, status: int) -> None:
    by_http.answer(status)
    failed = attempt(queued_sms(alice, now=clock()), clock)
    assert (failed.state, failed.body) == (State.FAILED, "")
    assert failed.error == f"refused the message ({status})"


def test_a_redirect_is_not_followed(alice: User, clock: Clock, by_http: HttpGateway) -> None:
    by_http.redirect(by_http.url)
    failed = attempt(queued_sms(alice, now=clock()), clock)
    assert failed.state == State.FAILED
    assert "redirect" in failed.error
    assert len(by_http.requests) == 1


@pytest.mark.row("T-20")
@pytest.mark.row("F-05")
def test_silence_is_answered_by_the_same_request_under_the_same_key(
    alice: User, clock: Clock, by_http: HttpGateway, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SMS_GATEWAYS = ["http", "inbox"]
    by_http.hang(1, times=1)
    by_http.drop(times=1)
    by_http.answer(502, times=1)
    delivery, usual = queued_sms(alice, now=clock()), transport.ANSWER_SECONDS
    for seconds, cause in (
        (0.3, "no answer in time"), (usual, "no whole answer (RemoteDisconnected)"), (usual, "answered 502"),
    ):  # fmt: skip
        monkeypatch.setattr(transport, "ANSWER_SECONDS", seconds)
        doubtful = attempt_when_due(delivery, clock)
        assert (doubtful.state, doubtful.gateway, doubtful.error) == (State.QUEUED, "http", f"http: {cause}")
    assert attempt_when_due(delivery, clock).state == State.SENT
    assert [request.headers["idempotency-key"] for request in by_http.requests] == [delivery.key] * 4


@pytest.mark.row("F-05")
def test_a_message_in_doubt_goes_to_no_other_provider(
    alice: User, clock: Clock, by_http: HttpGateway, settings: Settings
) -> None:
    by_http.drop(times=1)
    delivery = queued_sms(alice, now=clock())
    attempt(delivery, clock)
    settings.SMS_GATEWAYS = ["inbox"]
    assert attempt_when_due(delivery, clock).state == State.UNCERTAIN


def test_a_message_in_doubt_is_uncertain_when_its_time_is_over(alice: User, clock: Clock, by_http: HttpGateway) -> None:
    by_http.drop()
    delivery = queued_sms(alice, now=clock())
    attempt(delivery, clock)
    claims.expire(now=clock.forward(minutes=6))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.body) == (State.UNCERTAIN, "")


@pytest.mark.row("F-05")
@pytest.mark.parametrize("status", [500, 503, 401])
def test_the_next_provider_takes_over_where_the_first_surely_failed(
    alice: User, clock: Clock, by_http: HttpGateway, by_kannel: Kannel, settings: Settings, status: int
) -> None:
    settings.SMS_GATEWAYS = ["http", "kannel"]
    by_http.answer(status)
    sent = attempt(queued_sms(alice, now=clock()), clock)
    assert (sent.state, sent.gateway) == (State.SENT, "kannel")
    assert by_kannel.wait_for(NUMBER).text.endswith("@portal.test #123456")


def test_the_next_provider_takes_over_where_the_first_cannot_be_reached(
    alice: User, clock: Clock, by_http: HttpGateway, by_kannel: Kannel, settings: Settings
) -> None:
    settings.SMS_GATEWAYS = ["kannel", "http"]
    by_kannel.stop_smsbox()
    sent = attempt(queued_sms(alice, now=clock()), clock)
    by_kannel.start_smsbox()
    assert (sent.state, sent.gateway) == (State.SENT, "http")


def test_an_expired_message_is_never_sent_late(alice: User, clock: Clock, by_http: HttpGateway) -> None:
    delivery = queued_sms(alice, now=clock())
    clock.forward(minutes=5)
    assert attempt(delivery, clock).state == State.QUEUED
    assert claims.expire(now=clock()) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.body) == (State.EXPIRED, "")
    assert by_http.requests == []


def test_a_worker_that_sleeps_over_the_end_does_not_send(alice: User, clock: Clock, by_http: HttpGateway) -> None:
    delivery = queued_sms(alice, now=clock())
    claim = claims.take(delivery.pk, now=clock())
    assert claim is not None
    assert not claims.begin(claim, "http", now=clock.forward(minutes=5))


def test_a_text_that_cannot_be_decrypted_fails_plainly(alice: User, clock: Clock, by_http: HttpGateway) -> None:
    delivery = queued_sms(alice, now=clock())
    other = queued_sms(alice, now=clock())
    Delivery.objects.filter(pk=delivery.pk).update(body=other.body)
    failed = attempt(delivery, clock)
    assert (failed.state, failed.error) == (State.FAILED, "the text cannot be decrypted")
    assert by_http.requests == []


@pytest.mark.parametrize("number", ["0170 1234567", "+49170123456789012", "+49170\n1234567", "+", "+49170123456x"])
def test_what_is_no_number_reaches_no_provider(alice: User, clock: Clock, by_http: HttpGateway, number: str) -> None:
    failed = attempt(queued_sms(alice, now=clock(), number=number), clock)
    assert failed.state == State.FAILED
    assert by_http.requests == []


def test_the_inbox_keeps_the_text_for_the_developer(alice: User, clock: Clock) -> None:
    sent = attempt(queued_sms(alice, now=clock()), clock)
    assert sent.state == State.SENT
    assert "123456" in outbox.read(sent)


def test_without_a_gateway_the_message_waits(alice: User, clock: Clock, settings: Settings) -> None:
    settings.SMS_GATEWAYS = []
    waiting = attempt(queued_sms(alice, now=clock()), clock)
    assert (waiting.state, waiting.error) == (State.QUEUED, "no gateway is configured")
