"""What came with help from helpdesk is new until the hours of an application are over, whatever is done with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from accounts import users
from accounts.models import PhoneSource, User
from mfa import activation, enrolment, lost, temporary
from mfa.factors.activation import first_password
from mfa.factors.activation.flows import redeem
from mfa.factors.recovery import flows as recovery
from mfa.factors.sms import flows as sms, undo
from mfa.models import Application, Factor
from mfa.outcomes import FACTOR_NEW
from mfa.verification.dialogue import Asked
from mfa.verification.simulation import simulate
from tests.conftest import PASSWORD
from tests.mfa.cool_down.acting import (
    ASKED,
    HOUR,
    HOURS,
    JUST_AFTER,
    a_number,
    a_token,
    after_a_reset,
    app,
    asked_at,
    confirm_number,
    reset,
)
from tests.mfa.doors import add_factor
from tests.mfa.factors.phones import NEW, OLD, OTHER, link_to

pytestmark = pytest.mark.row("T-59")


def by_an_activation_code(user: User, now: datetime) -> None:
    code = activation.issue(user, actor=None, reason="first day", now=now).code
    redeem(user, code, address="", now=now)
    app(user, now)


def by_a_first_password(user: User, now: datetime) -> None:
    user.set_unusable_password()
    user.save()
    code = activation.issue(user, actor=None, reason="first day", now=now).code
    first_password.give(user, code, PASSWORD, address="", now=now)
    app(user, now)


def a_second_one_with_the_first(user: User, now: datetime) -> None:
    after_a_reset(user, now)
    app(user, now, name="Second")
    enrolment.remove(Factor.objects.get(name="App"), actor=user, now=now)


def an_app_by_a_token(user: User, now: datetime) -> None:
    a_token(user, now)
    app(user, now)


def a_number_in_the_place_of_another(user: User, now: datetime) -> None:
    users.set_phone(user, OLD, source=PhoneSource.SELF, confirmed_at=now, actor=None)
    a_number(user, now)


def a_number_confirmed_anew(user: User, now: datetime) -> None:
    users.set_phone(user, OLD, source=PhoneSource.SELF, confirmed_at=now, actor=None)
    reset(user, now)
    confirm_number(user, OLD, now)


def a_number_from_the_directory(user: User, now: datetime) -> None:
    add_factor(user)
    reset(user, now)
    users.set_phone(user, NEW, source=PhoneSource.DIRECTORY, confirmed_at=None, actor=None)


def recovery_codes(user: User, now: datetime) -> None:
    after_a_reset(user, now)
    made = recovery.begin(user, now=now)
    recovery.confirm(user, made.pk, recovery.shown(made)[0], now=now)
    Factor.objects.filter(user=user, kind="totp").delete()


def a_temporary_code(user: User, now: datetime) -> None:
    terms = temporary.Terms(hours=72, uses=5, applications=("bank",))
    temporary.issue(user, terms, actor=user, reason="phone at home", now=now)


def what_was_lost_brought_back(user: User, now: datetime) -> None:
    """By whoever has both, the stolen phone and a token from helpdesk."""
    stolen = app(user, now - timedelta(days=90))
    lost.report(user, [stolen], actor=user, now=now)
    a_token(user, now)
    lost.resume(user, stolen, proved_by="token", actor=user, now=now)
    Factor.objects.filter(kind="token").delete()


@pytest.mark.parametrize(
    "set_up",
    [
        by_an_activation_code, by_a_first_password, after_a_reset, a_second_one_with_the_first, a_token,
        an_app_by_a_token, a_number, a_number_in_the_place_of_another, a_number_confirmed_anew,
        a_number_from_the_directory, recovery_codes, a_temporary_code, what_was_lost_brought_back,
    ],
)  # fmt: skip
def test_what_came_with_help_is_taken_when_its_hours_are_over(
    set_up: Callable[[User, datetime], None], alice: User, bank: Application, start: datetime
) -> None:
    set_up(alice, start)
    for later in (timedelta(), HOURS * HOUR - timedelta(minutes=1)):
        found = simulate(Asked(bank, "alice"), now=start + later)
        assert (found.reply.result, found.factors) == (FACTOR_NEW, ())
        assert found.waiting
    assert asked_at(bank, alice, start + JUST_AFTER) in ASKED


def removed_and_added_again(user: User, now: datetime) -> None:
    first = app(user, now)
    app(user, now, name="Second")
    enrolment.remove(first, actor=user, now=now)
    app(user, now, name="Third")


def replaced(user: User, now: datetime) -> None:
    app(user, now, name="Second", replaces=app(user, now))


def renamed(user: User, now: datetime) -> None:
    enrolment.rename(app(user, now), "Known for years", actor=user)


def helped_again(user: User, now: datetime) -> None:
    """A later reset says nothing of what was set up between the two."""
    app(user, now)
    reset(user, now + HOUR, kind="motp")


def removed_number_put_back_by_its_link(user: User, now: datetime) -> None:
    """The number was the attacker's, so its link comes to the attacker."""
    a_number(user, now)
    app(user, now)
    sms.remove(User.objects.get(pk=user.pk), actor=user, now=now)
    token, code = link_to(NEW).rstrip("/").split("/")[-2:]
    undo.take(token, code, now=now)
    Factor.objects.filter(user=user, kind="totp").delete()


def removed_number_entered_again(user: User, now: datetime) -> None:
    a_number(user, now)
    app(user, now)
    sms.remove(User.objects.get(pk=user.pk), actor=user, now=now)
    confirm_number(User.objects.get(pk=user.pk), OTHER, now + HOUR)
    Factor.objects.filter(user=user, kind="totp").delete()


@pytest.mark.parametrize(
    "attack",
    [
        removed_and_added_again, replaced, renamed, helped_again, removed_number_put_back_by_its_link,
        removed_number_entered_again,
    ],
)  # fmt: skip
def test_nothing_that_is_done_with_it_makes_it_older(
    attack: Callable[[User, datetime], None], alice: User, bank: Application, start: datetime
) -> None:
    add_factor(alice)
    reset(alice, start)
    attack(alice, start)
    assert asked_at(bank, alice, start + HOURS * HOUR - timedelta(minutes=1)) is FACTOR_NEW
    assert asked_at(bank, alice, start + JUST_AFTER) in ASKED


def test_an_activation_code_that_is_kept_until_the_hours_are_over_starts_them_anew(
    alice: User, bank: Application, start: datetime
) -> None:
    add_factor(alice)
    reset(alice, start)
    code = activation.issue(alice, actor=None, reason="lost", now=start).code
    used = start + HOURS * HOUR - timedelta(minutes=1)
    redeem(alice, code, address="", now=used)
    app(alice, used)
    assert asked_at(bank, alice, start + JUST_AFTER) is FACTOR_NEW
    assert asked_at(bank, alice, used + JUST_AFTER) in ASKED
