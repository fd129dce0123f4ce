"""What was there before, or needed no help, is taken at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from accounts import users
from accounts.models import PhoneSource, User
from mfa import activation, enrolment, lost
from mfa.factors.recovery import flows as recovery
from mfa.models import Application, Factor
from mfa.verification.dialogue import Asked
from mfa.verification.simulation import simulate
from tests.mfa.cool_down.acting import ASKED, JUST_AFTER, a_token, app, kept, reset
from tests.mfa.factors.phones import OLD

pytestmark = pytest.mark.row("T-59")


def by_number_alone_while_a_token_comes(user: User, now: datetime) -> None:
    users.set_phone(user, OLD, source=PhoneSource.DIRECTORY, confirmed_at=None, actor=None)
    a_token(user, now)


def a_new_phone_without_help(user: User, now: datetime) -> None:
    app(user, now, name="New phone", replaces=app(user, now - timedelta(days=90)))


def a_first_app(user: User, now: datetime) -> None:
    app(user, now)


def long_after_a_reset(user: User, now: datetime) -> None:
    reset(user, now - JUST_AFTER)
    first = app(user, now - JUST_AFTER)
    app(user, now, name="Second")
    enrolment.remove(first, actor=user, now=now)


def beside_a_code_that_nobody_used(user: User, now: datetime) -> None:
    app(user, now - timedelta(days=90))
    activation.issue(user, actor=None, reason="too early", now=now)
    app(user, now, name="Second")
    Factor.objects.filter(name="App").delete()


def by_a_recovery_code(user: User, now: datetime) -> None:
    """Nobody at helpdesk was talked to: who is in by one sets up another app, and the lost one goes."""
    old = app(user, now - timedelta(days=90))
    made = recovery.begin(user, now=now)
    recovery.confirm(user, made.pk, recovery.shown(made)[0], now=now)
    app(user, now, name="New phone", replaces=old)


def found_again_without_help(user: User, now: datetime) -> None:
    phone, other = app(user, now - timedelta(days=90)), app(user, now - timedelta(days=90), name="Other")
    lost.report(user, [phone], actor=user, now=now)
    lost.resume(user, phone, proved_by="totp", actor=user, now=now)
    enrolment.remove(other, actor=user, now=now)


@pytest.mark.parametrize(
    "change",
    [
        kept, by_number_alone_while_a_token_comes, a_new_phone_without_help, a_first_app, long_after_a_reset,
        beside_a_code_that_nobody_used, by_a_recovery_code, found_again_without_help,
    ],
)  # fmt: skip
def test_what_was_there_before_or_needed_no_help_is_taken_at_once(
    change: Callable[[User, datetime], None], alice: User, bank: Application, start: datetime
) -> None:
    change(alice, start)
    found = simulate(Asked(bank, "alice"), now=start)
    assert found.reply.result in ASKED
    assert all(one.factor not in found.factors for one in found.waiting)
