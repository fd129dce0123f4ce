from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from mfa import enrolment, lost
from mfa.models import Factor
from tests.mfa.sample_kind import give

pytestmark = pytest.mark.usefixtures("sample_kinds")

ACTS: dict[str, Callable[[Factor, datetime], object]] = {
    "report": lambda factor, now: lost.report(factor.user, [factor], actor=factor.user, now=now),
    "remove": lambda factor, now: enrolment.remove(factor, actor=factor.user, now=now),
    "reset": lambda factor, now: enrolment.reset(factor.user, actor=None, reason="x", now=now),
}


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
