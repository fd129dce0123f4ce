"""Ways around an application's cool-down for whoever already holds something of the person's, and was helped."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from accounts.models import PhoneSource, User
from accounts.users import set_phone
from mfa import cool_down, lost, temporary
from mfa.factors.motp import flows as motp
from mfa.factors.motp.algorithm import Motp
from mfa.models import Application, Factor
from mfa.outcomes import CODE_PENDING, FACTOR_NEW
from tests.mfa.cool_down.acting import JUST_AFTER, a_token, asked_at
from tests.mfa.doors import add_factor
from tests.mfa.factors.phones import OLD

pytestmark = pytest.mark.row("T-59")
SECRET = "0123456789abcdef"


@pytest.fixture
def bank(bank: Application) -> Application:
    """Takes nothing else that these people have."""
    bank.kinds = ["motp", "temporary"]
    bank.save()
    return bank


def code_with(pin: str, at: datetime) -> str:
    app = Motp(SECRET, pin)
    return app.code(app.step_at(at))


def with_an_app_on_a_stolen_phone(user: User, at: datetime) -> Factor:
    add_factor(user)
    waiting = motp.begin(user, Motp(SECRET, "1234"), name="Router", shown=True, now=at)
    return motp.confirm(user, waiting.pk, code_with("1234", at), now=at)


def test_a_pin_that_was_changed_after_help_makes_an_old_app_new(
    alice: User, bank: Application, start: datetime
) -> None:
    """Else whoever stole the phone, and does not know the PIN, has one by way of a token from helpdesk."""
    app = with_an_app_on_a_stolen_phone(alice, start - timedelta(days=90))
    a_token(alice, start)
    assert asked_at(bank, alice, start) is CODE_PENDING
    motp.change_pin(alice, app.pk, "777777", code_with("777777", start), now=start)
    assert asked_at(bank, alice, start) is FACTOR_NEW
    assert asked_at(bank, alice, start + JUST_AFTER) is CODE_PENDING


def test_a_pin_that_was_changed_without_help_makes_nothing_new(alice: User, bank: Application, start: datetime) -> None:
    app = with_an_app_on_a_stolen_phone(alice, start - timedelta(days=90))
    motp.change_pin(alice, app.pk, "777777", code_with("777777", start), now=start)
    assert asked_at(bank, alice, start) is CODE_PENDING


@pytest.mark.parametrize("helped_before", [False, True])
def test_a_temporary_code_that_was_reported_lost_comes_back_as_new_as_it_was(
    helped_before: bool, alice: User, bank: Application, start: datetime
) -> None:
    """By whoever receives the person's messages, and talked helpdesk into a code."""
    set_phone(alice, OLD, source=PhoneSource.SELF, confirmed_at=start, actor=None)
    if helped_before:
        cool_down.start(alice, now=start - timedelta(days=90))
    terms = temporary.Terms(hours=72, uses=5, applications=("bank",))
    temporary.issue(alice, terms, actor=alice, reason="phone at home", now=start)
    lent = Factor.objects.get(kind="temporary")
    lost.report(alice, [lent], actor=alice, now=start)
    lost.resume(alice, lent, proved_by="sms", actor=alice, now=start)
    assert asked_at(bank, alice, start) is FACTOR_NEW
    assert asked_at(bank, alice, start + JUST_AFTER) is CODE_PENDING
