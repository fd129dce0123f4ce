"""Who may send a message now. Every step is one conditional UPDATE, so that of many workers one goes on.

queued -> sending (claimed; nobody was called) -> sending with `handed_over_at` (the gateway is being called) -> an end.
A claim is known by its number of tries: a worker that slept through the end of its claim can neither send nor report.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from mfa.models import Delivery

State = Delivery.State

MOST_TRIES = 40
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=6)
TRIES_IN_A_LIFE = 10
"""A code that lives for minutes is tried at least that often, whatever the pause would be."""
ABANDONED_AFTER = {Delivery.Channel.SMS: timedelta(seconds=45), Delivery.Channel.MAIL: timedelta(minutes=3)}
"""Longer than any hand-over lasts; whoever holds a claim for longer is dead."""


def take(delivery_id: int, *, now: datetime) -> Delivery | None:
    """Claim the message; None where it is not due, not worth sending any more, or somebody else's."""
    due = Delivery.objects.filter(_in_time(now), pk=delivery_id, state=State.QUEUED, next_try_at__lte=now)
    if not due.update(state=State.SENDING, claimed_at=now, tries=F("tries") + 1):
        return None
    return Delivery.objects.get(pk=delivery_id)


def begin(claim: Delivery, gateway: str, *, now: datetime) -> bool:
    """Note that `gateway` is about to be called; False where the claim is lost or the message's time is over."""
    held = _held(claim).filter(_in_time(now))
    return bool(held.update(gateway=gateway, handed_over_at=now))


def withdraw(claim: Delivery) -> None:
    """The gateway just called has surely not taken the message."""
    _held(claim).update(gateway="", handed_over_at=None)


def sent(claim: Delivery, reference: str, *, keep_text: bool, now: datetime) -> None:
    """The gateway took the message. Also ends a doubt that arose while it was still answering; where a receipt was
    faster than the answer, the state is the receipt's."""
    known = Delivery.objects.filter(pk=claim.pk, tries=claim.tries, state__in=(State.SENDING, State.UNCERTAIN))
    kept = {} if keep_text else {"body": ""}
    said = {"reference": _shown(reference, 200), "trace": claim.trace, **kept}
    if not known.update(state=State.SENT, handed_over_at=now, error="", **said):
        ahead = Delivery.objects.filter(pk=claim.pk, tries=claim.tries, reference="").exclude(receipts=[])
        ahead.update(**said)


def postpone(claim: Delivery, cause: str, *, now: datetime) -> None:
    """Try again later, each time after a longer pause, a bounded number of times; the sweep ends what got too old."""
    if claim.tries >= MOST_TRIES:
        end(claim, State.FAILED, cause)
        return
    pause = min(FIRST_PAUSE * 2 ** min(claim.tries - 1, 20), LONGEST_PAUSE)
    if claim.expires_at is not None:
        pause = min(pause, max((claim.expires_at - claim.created_at) / TRIES_IN_A_LIFE, FIRST_PAUSE))
    _held(claim).update(state=State.QUEUED, next_try_at=now + pause, error=_shown(cause, 300), trace=claim.trace)


def end(claim: Delivery, state: Delivery.State, cause: str) -> None:
    """The message does not leave, or nobody can tell whether it left; its text goes."""
    _held(claim).update(state=state, error=_shown(cause, 300), trace=claim.trace, body="")


def traced(claim: Delivery) -> None:
    """Write down how far the hand-over is, while it goes on."""
    _held(claim).update(trace=claim.trace)


def expire(*, now: datetime) -> int:
    """End what waited until its time was over. What may have left before is in doubt, not unsent."""
    late = Delivery.objects.filter(state=State.QUEUED, expires_at__lte=now)
    doubtful = late.filter(handed_over_at__isnull=False).update(state=State.UNCERTAIN, body="")
    return doubtful + late.update(state=State.EXPIRED, body="")


def recover(repeating: list[str], *, now: datetime) -> int:
    """Take claims back from workers that died. What a gateway may have got is tried again only where that gateway is
    one of `repeating`, which do not send the same key twice."""
    dead = Q()
    for channel, age in ABANDONED_AFTER.items():
        dead |= Q(channel=channel, claimed_at__lte=now - age)
    abandoned = Delivery.objects.filter(dead, state=State.SENDING)
    in_doubt = Q(handed_over_at__isnull=False) & ~Q(gateway__in=repeating)
    lost = abandoned.filter(in_doubt).update(
        state=State.UNCERTAIN, error="the worker ended while the gateway was being called", body=""
    )
    return lost + abandoned.update(state=State.QUEUED, next_try_at=now)


def drop_all(why: str) -> int:
    """End all that is not sent yet, where it may have left after all: in a database put back to an earlier day.
    Returns how many."""
    unsent = Delivery.objects.filter(state__in=(State.QUEUED, State.SENDING))
    return unsent.update(state=State.UNCERTAIN, error=why, body="")


def waiting(*, now: datetime) -> QuerySet[Delivery]:
    """What is due, the soonest worthless first: codes before notices."""
    due = Delivery.objects.filter(_in_time(now), state=State.QUEUED, next_try_at__lte=now)
    return due.order_by("expires_at", "pk")


def _held(claim: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=claim.pk, state=State.SENDING, tries=claim.tries)


def _in_time(now: datetime) -> Q:
    return Q(expires_at__isnull=True) | Q(expires_at__gt=now)


def _shown(text: str, most: int) -> str:
    return "".join(char for char in text if char.isprintable())[:most]
