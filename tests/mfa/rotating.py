"""Acts around a rotation of keys, in a process of its own: `make` people, `verify` until a line comes,
`rotate-and-die`, `read` everybody's secret."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from datetime import UTC, datetime, timedelta

import django

django.setup()

from accounts.models import User
from mfa import rotation
from mfa.kinds import Answer, Purpose
from mfa.models import Factor
from mfa.oath.codes import Token
from mfa.verification import service

PEOPLE = 300
ACTIVE = 5
ENOUGH = 10
"""Codes that are accepted, however busy the machine is."""
BEGINNING = datetime(2026, 3, 2, 9, 31, 4, tzinfo=UTC)
"""The same codes each time: two steps that share one would be refused, rightly."""


def secret_of(number: int) -> bytes:
    return f"secret of person {number:04d}".encode()


def make() -> None:
    users = User.objects.bulk_create(User(username=f"p{number}", password="!") for number in range(PEOPLE))
    factors = []
    for number, user in enumerate(users):
        state = {"algorithm": "SHA1", "digits": 6, "period": 30, "step": 0, "drift": 0}
        factor = Factor(user=user, kind="totp", name="App", confirmed=True, state=state)
        factor.seal(secret_of(number))
        factors.append(factor)
    Factor.objects.bulk_create(factors)


def verify() -> None:
    """Sign the first people in again and again, each time a step later; says how many were accepted and refused."""
    people = list(User.objects.order_by("pk")[:ACTIVE])
    now, tally = BEGINNING, [0, 0]
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    while tally[0] <= ENOUGH or not select.select([sys.stdin], [], [], 0)[0]:
        now += timedelta(seconds=30)
        for number, user in enumerate(people):
            token = Token(secret_of(number))
            answer = Answer(token.code(token.step_at(now)), Purpose.SIGN_IN, "")
            verdict = service.verify(service.Attempt(user, answer, "portal", ""), now=now)
            tally[not verdict.accepted] += 1
    sys.stdout.write(json.dumps(tally))


def rotate_and_die() -> None:
    rotation.AT_ONCE = 20
    steps: list[int] = []

    def deadly(done: int) -> None:
        steps.append(done)
        if len(steps) == 7:
            os.kill(os.getpid(), signal.SIGKILL)

    rotation.run(deadly)


def read() -> None:
    kept = [bytes(factor.unseal()) for factor in Factor.objects.order_by("user_id")]
    right = kept == [secret_of(number) for number in range(PEOPLE)]
    sys.stdout.write("all as they were\n" if right else "something is lost\n")


if __name__ == "__main__":
    {"make": make, "verify": verify, "rotate-and-die": rotate_and_die, "read": read}[sys.argv[1]]()
