from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from mfa import codes, enrolment, lost
from mfa.kinds import Purpose
from mfa.models import Factor
from mfa.outcomes import OATH_INCORRECT, Expired
from tests.mfa.sample_kind import give

pytestmark = pytest.mark.usefixtures("sample_kinds")

ACTS: dict[str, Callable[[Factor, datetime], object]] = {
    "report": lambda factor, now: lost.report(factor.user, [factor], actor=factor.user, now=now),
    "remove": lambda factor, now: enrolment.remove(factor, actor=factor.user, now=now),
    "reset": lambda factor, now: enrolment.reset(factor.user, actor=None, reason="x", now=now),
}


def issue(user: User, purpose: Purpose, now: datetime, kind: str = "") -> codes.Issued:
    return codes.issue(user, purpose, length=6, lifetime=timedelta(minutes=5), now=now, kind=kind)


def spend(user: User, issued: codes.Issued, now: datetime) -> None:
    row = issued.row
    codes.spend(user, Purpose(row.purpose), row.token, issued.code, wrong=OATH_INCORRECT, now=now, kind=row.kind)


@pytest.mark.row("N-24")
def test_a_code_that_is_on_its_way_when_the_phone_is_reported_lost_is_worth_nothing(alice: User, now: datetime) -> None:
    """Also where the kind it was for stays usable, as with two phones."""
    factor = give(alice)
    sent = [issue(alice, purpose, now, kind="second") for purpose in (Purpose.SIGN_IN, Purpose.CALLER)]
    handed_over = [issue(alice, purpose, now) for purpose in (Purpose.ACTIVATE, Purpose.UNDO_PHONE)]
    lost.report(alice, [factor], actor=alice, now=now)
    for one in sent:
        with pytest.raises(Expired):
            spend(alice, one, now)
    for one in handed_over:
        spend(alice, one, now)


@pytest.mark.row("F-09")
@pytest.mark.parametrize("act", ACTS)
def test_whoever_keeps_sending_codes_cannot_make_what_takes_factors_away_fail(
    alice: User, now: datetime, act: str
) -> None:
    """It waits for the account's counter, as the judging does, before it touches a factor: they meet in no circle."""
    factor = give(alice)
    with CaptureQueriesContext(connection) as asked:
        ACTS[act](factor, now)
    touched = [query["sql"] for query in asked if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert touched[0].startswith("INSERT INTO mfa_guesscounter")
