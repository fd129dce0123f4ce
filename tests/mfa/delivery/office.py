"""`python -m tests.mfa.delivery.office ACT [NUMBER]`: one act on the outbox in a process of its own; prints JSON."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import django

django.setup()

from celery import current_app
from django.db import connections, transaction
from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource, User
from mfa import enrolment, holdings
from mfa.applications import PORTAL
from mfa.delivery import claims, hand_over, outbox, wake
from mfa.factors.sms import flows
from mfa.kinds import Answer, Purpose
from mfa.models import Delivery, Factor
from mfa.outcomes import Refused
from mfa.verification import service

NUMBER = "+491701234567"


def queue(count: int) -> list[int]:
    """Queue so many messages as a page would, and wake the workers."""
    now = timezone.now()
    user, _ = User.objects.get_or_create(username="alice")
    with transaction.atomic():
        return [
            outbox.queue_sms(
                user, NUMBER, "code", {"code": f"{n:06d}"}, now=now, worth_until=now + timedelta(minutes=5)
            ).pk
            for n in range(count)
        ]


def hurry(seconds: int) -> None:
    """Queue one message for a worker that may take so many seconds over it, instead of minutes."""
    now = timezone.now()
    user, _ = User.objects.get_or_create(username="alice")
    message = outbox.sms(user, NUMBER, "code", {"code": "135790"}, now=now, worth_until=now + timedelta(minutes=5))
    message.save()
    current_app.send_task("mfa.delivery.tasks.deliver", args=[message.pk], time_limit=seconds)


def claim(_: int) -> int:
    """Claim everything and die before any gateway is called."""
    return sum(claims.take(pk, now=timezone.now()) is not None for pk in Delivery.objects.values_list("pk", flat=True))


def age(seconds: int) -> int:
    """Make every claim so much older, instead of waiting."""
    claimed = Delivery.objects.filter(state=Delivery.State.SENDING)
    return claimed.update(claimed_at=timezone.now() - timedelta(seconds=seconds))


def sweep(_: int) -> bool:
    return wake.sweep()


def send(rounds: int) -> int:
    """Try every message, in the same order as all others do, so many times."""
    for _ in range(rounds):
        for pk in list(Delivery.objects.order_by("pk").values_list("pk", flat=True)):
            hand_over.attempt(pk, clock=timezone.now)
    return rounds


def flood(count: int) -> int:
    """Ask for so many codes at once; returns how many were sent."""
    user, _ = User.objects.get_or_create(username="victim", defaults={"phone": NUMBER})
    (factor,) = holdings.usable(user, now=timezone.now())
    return _at_once(lambda: service.challenge(factor, purpose=Purpose.SIGN_IN, now=timezone.now()), count)


def change(count: int) -> int:
    """Begin so many changes of one person's number at once; returns how many codes were sent."""
    user, _ = User.objects.get_or_create(username="mover")
    return _at_once(lambda: flows.start(user, NUMBER, actor=user, now=timezone.now()), count)


def collide(rounds: int) -> int:
    """Directory, helpdesk, page and gateway all at one person at once; returns how many rounds each went through."""
    user, _ = User.objects.get_or_create(username="busy", defaults={"phone": NUMBER})
    (implied,) = holdings.usable(user, now=timezone.now())
    with transaction.atomic():
        factor = holdings.stored(implied, now=timezone.now())
    numbers = ("+491701234501", "+491701234502")
    acts: list[Callable[[int], object]] = [
        lambda n: users.set_phone(
            User.objects.get(pk=user.pk), numbers[n % 2], source=PhoneSource.DIRECTORY, confirmed_at=None, actor=None
        ),
        lambda n: service.challenge(
            Factor.objects.get(pk=factor.pk), purpose=Purpose.SIGN_IN, now=timezone.now() + timedelta(hours=n)
        ),
        lambda n: service.verify(
            service.Attempt(user, Answer("123456", Purpose.SIGN_IN, "none"), PORTAL, ""), now=timezone.now()
        ),
        lambda n: enrolment.unlock(user, actor=None, reason="collision", now=timezone.now()),
    ]

    def run(act: Callable[[int], object]) -> int:
        try:
            for number in range(rounds):
                with contextlib.suppress(Refused):
                    act(number)
        finally:
            connections.close_all()
        return rounds

    with ThreadPoolExecutor(max_workers=8) as pool:
        return min(pool.map(run, acts * 2))


def _at_once(act: Callable[[], object], count: int) -> int:
    def run(_: int) -> bool:
        try:
            act()
        except Refused:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(max_workers=10) as pool:
        return sum(pool.map(run, range(count)))


if __name__ == "__main__":
    acts = (queue, hurry, claim, age, sweep, send, flood, change, collide)
    act = next(act for act in acts if act.__name__ == sys.argv[1])
    sys.stdout.write(json.dumps(act(int(sys.argv[2]) if len(sys.argv) > 2 else 0)))
