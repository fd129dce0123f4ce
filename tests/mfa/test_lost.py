from __future__ import annotations

from datetime import datetime

import pytest

from accounts.models import User
from mfa import enrolment, lost
from mfa.models import Factor
from tests.mfa.sample_kind import give

pytestmark = pytest.mark.usefixtures("sample_kinds")


@pytest.mark.row("F-09")
def test_factors_are_locked_in_the_order_in_which_codes_are_judged(
    alice: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the phone and keeps sending codes would else meet the report in a circle, and could make it fail."""
    factors = [give(alice), give(alice)]
    order: list[int] = []
    stored = enrolment.stored

    def noted(factor: Factor, *, now: datetime) -> Factor:
        order.append(factor.pk)
        return stored(factor, now=now)

    monkeypatch.setattr(enrolment, "stored", noted)
    assert len(lost.report(alice, factors[::-1], actor=alice, now=now)) == 2
    assert order == sorted(factor.pk for factor in factors)
