"""One try to send one message: claim it, call a gateway outside any transaction, record how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from accounts import trace
from mfa import crypto
from mfa.delivery import claims, gateways, mail, outbox, signals
from mfa.delivery.gateways.base import Gateway, GatewayError, Message
from mfa.delivery.traces import MOST_TRIES, Trace
from mfa.models import Delivery

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]
State = Delivery.State


def attempt(delivery_id: int, *, clock: Clock) -> None:
    """Send the message if it is due and nobody else's; does nothing otherwise, however often it is called."""
    claim = claims.take(delivery_id, now=clock())
    if claim is None:
        return
    with trace.of_request(claim.request_id):
        _hand_over(claim, clock)


def _hand_over(claim: Delivery, clock: Clock) -> None:
    try:
        message = Message(claim.recipient, outbox.read(claim), claim.key, claim.subject)
    except crypto.Undecryptable:
        logger.error("delivery %s cannot be decrypted", claim.pk)
        claims.end(claim, State.FAILED, "the text cannot be decrypted")
        return
    if claim.handed_over_at is None:
        if _may_go(claim, clock):
            _send(claim, message, clock)
    else:
        _repeat(claim, message, clock)


def _may_go(claim: Delivery, clock: Clock) -> bool:
    """Whether nothing is known against the number; the message ends, or waits for a check that failed, where not."""
    try:
        reason = signals.risk(claim)
    except signals.Unknown as error:
        logger.error("SMS_RISK_CHECK failed for delivery %s: %s", claim.pk, error)
        claims.postpone(claim, f"SMS_RISK_CHECK failed: {error}", now=clock())
        return False
    if reason:
        claims.end(claim, State.FAILED, f"SMS_RISK_CHECK: {reason}")
    return not reason


def of(channel: str) -> list[Gateway]:
    """The ways out for a channel, the preferred one first."""
    return gateways.in_use() if channel == Delivery.Channel.SMS else [mail.in_use()]


def _send(claim: Delivery, message: Message, clock: Clock) -> None:
    """Try each gateway until one takes the message; the next one only where the one before surely did not."""
    causes: list[GatewayError] = []
    for gateway in of(claim.channel):
        if not claims.begin(claim, gateway.name, now=clock()):
            return
        try:
            _hand_to(gateway, claim, message, clock)
            return
        except GatewayError as error:
            if error.sent_maybe:
                _in_doubt(claim, gateway, error, clock)
                return
            causes.append(error)
            claims.withdraw(claim)
    _not_sent(claim, causes, clock)


def _repeat(claim: Delivery, message: Message, clock: Clock) -> None:
    """One gateway may have the message already: ask that one again under the same key, and no other."""
    gateway = next((way for way in of(claim.channel) if way.name == claim.gateway and way.repeats_safely), None)
    if gateway is None:
        claims.end(claim, State.UNCERTAIN, "the gateway that may have it is no longer in use")
        return
    if not claims.begin(claim, gateway.name, now=clock()):
        return
    try:
        _hand_to(gateway, claim, message, clock)
    except GatewayError as error:
        _in_doubt(claim, gateway, error, clock)


def _hand_to(gateway: Gateway, claim: Delivery, message: Message, clock: Clock) -> None:
    traced = partial(claims.traced, claim) if claim.template == outbox.TEST else _unwatched
    steps = Trace(gateway.name, claim.tries, at=clock(), on_step=traced)
    claim.trace = [*claim.trace, steps.kept][-MOST_TRIES:]
    reference = gateway.hand_over(message, steps)
    claims.sent(claim, reference, keep_text=gateway.keeps_text, now=clock())


def _unwatched() -> None:
    """Nobody waits for each step of an ordinary message: its trace is written with its outcome."""


def _in_doubt(claim: Delivery, gateway: Gateway, error: GatewayError, clock: Clock) -> None:
    cause = f"{gateway.name}: {error}"
    if gateway.repeats_safely and not error.permanent and claim.tries < claims.MOST_TRIES:
        claims.postpone(claim, cause, now=clock())
    else:
        claims.end(claim, State.UNCERTAIN, cause)


def _not_sent(claim: Delivery, causes: list[GatewayError], clock: Clock) -> None:
    cause = "; ".join(str(error) for error in causes) or "no gateway is configured"
    if causes and all(error.permanent for error in causes):
        claims.end(claim, State.FAILED, cause)
    else:
        claims.postpone(claim, cause, now=clock())
