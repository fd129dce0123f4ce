"""Locks that are held until everybody waits for them, so that they go on at the same moment."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone

from accounts import users
from accounts.models import PhoneSource, User
from mfa import budgets, enrolment, limits
from mfa.models import Budget

_changing: list[threading.Thread] = []


def change_account(username: str, change: str) -> None:
    """Change something of an account."""
    user = User.objects.get(username=username)
    match change:
        case "phone":
            number = f"+49152{secrets.randbelow(10**8):08d}"
            users.set_phone(user, number, source=PhoneSource.SELF, confirmed_at=timezone.now(), actor=user)
        case "reset":
            enrolment.reset(user, actor=None, reason="race", now=timezone.now())
        case "epoch":
            users.move_epoch(user)


def begin_change(username: str, change: str, awaited: int) -> None:
    """Have everybody who asks about the account wait from now on; change it once so many wait for their turn."""
    account = limits.of_account(User.objects.get(username=username))
    _hold(lambda: limits.lock(account), awaited, lambda: change_account(username, change))


def hold_misses(address: str, left: int, awaited: int) -> None:
    """Have everybody wait who counts the wrong answers of this address at the believing application, which may give so
    many more; until so many wait."""
    Budget.objects.create(
        subject=f"misses:{address}:believing", spent=[timezone.now().timestamp()] * (budgets.MISSES[0][0] - left)
    )
    _hold(lambda: budgets.misses(f"misses:{address}:believing"), awaited, lambda: None)


def _hold(lock: Callable[[], object], awaited: int, then: Callable[[], object]) -> None:
    held = threading.Event()

    def work() -> None:
        with transaction.atomic():
            lock()
            held.set()
            _wait_for_the_waiting(awaited)
            then()
        connection.close()

    _changing[:] = [threading.Thread(target=work)]
    _changing[0].start()
    held.wait(60)


def end_change() -> None:
    """Return when the change that was begun is durable, or nobody is held any more."""
    _changing[0].join(90)


def _wait_for_the_waiting(count: int) -> None:
    """Until so many connections wait for a lock. Only the locks themselves are looked up anew within a transaction."""
    waiting = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0] >= count:
                return
        time.sleep(0.01)
    raise TimeoutError
