"""What is asked of a person against what they have: the decision as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mfa.demands import Asked, Demand, Holding, Missing, Source

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
ONE = Demand(Source.RULE, deadline=NOW - DAY, begins=NOW - DAY)
TWO = replace(ONE, factors=2)
APP_ONLY = replace(ONE, kinds=frozenset({"totp"}))
CODES = replace(ONE, factors=0, backup=True)
LATER = replace(ONE, begins=NOW - DAY, deadline=NOW + 7 * DAY)
AHEAD = replace(ONE, begins=NOW + DAY, deadline=NOW + 3 * DAY)
STAFF = Demand(Source.STAFF)

NOTHING, SMS, APP = Holding(), Holding(("sms",)), Holding(("totp",))
BOTH, APP_AND_CODES = Holding(("totp", "sms")), Holding(("totp",), backup=True)


@pytest.mark.parametrize(
    ("demands", "have", "missing"),
    [
        ((), NOTHING, Missing()),
        ((ONE,), NOTHING, Missing(1)),
        ((ONE,), SMS, Missing()),
        ((TWO,), SMS, Missing(1)),
        ((TWO,), NOTHING, Missing(2)),
        ((TWO,), BOTH, Missing()),
        ((APP_ONLY,), SMS, Missing(1)),
        ((APP_ONLY,), BOTH, Missing()),
        ((TWO, APP_ONLY), BOTH, Missing()),
        ((TWO, APP_ONLY), Holding(("sms", "sms")), Missing(1)),
        ((CODES,), APP, Missing(0, backup=True)),
        ((ONE, CODES), NOTHING, Missing(1, backup=True)),
        ((ONE, CODES), APP_AND_CODES, Missing()),
        ((ONE,), Holding(backup=True), Missing(1)),
        ((LATER,), NOTHING, Missing()),
        ((AHEAD,), NOTHING, Missing()),
        ((replace(ONE, deadline=NOW),), NOTHING, Missing(1)),
        ((replace(ONE, deadline=NOW + timedelta(seconds=1)),), NOTHING, Missing()),
        ((replace(ONE, lifted=True),), NOTHING, Missing()),
        ((replace(TWO, lifted=True), STAFF), NOTHING, Missing(1)),
    ],
)
def test_what_is_missing_now(demands: tuple[Demand, ...], have: Holding, missing: Missing) -> None:
    standing = Asked(NOW, demands).standing(have)
    assert (standing.missing, standing.closed) == (missing, bool(missing))


def test_what_lies_ahead_closes_nothing_and_says_from_when_it_will() -> None:
    asked = Asked(NOW, (AHEAD, LATER))
    standing = asked.standing(NOTHING)
    assert (standing.closed, standing.complete, standing.until) == (False, False, AHEAD.deadline)
    assert not asked.required
    assert asked.standing(SMS).complete
    assert Asked(NOW + 3 * DAY, (AHEAD, LATER)).standing(NOTHING).closed


def test_kinds_that_rules_count_are_those_that_may_be_added_and_an_exemption_changes_nothing_about_it() -> None:
    no_mail = replace(ONE, kinds=frozenset({"totp", "sms"}))
    assert Asked(NOW, (ONE,)).kinds is None
    assert Asked(NOW, (APP_ONLY, no_mail)).kinds == frozenset({"totp"})
    assert Asked(NOW, (replace(APP_ONLY, lifted=True),)).kinds == frozenset({"totp"})
    assert Asked(NOW, (replace(AHEAD, kinds=frozenset({"totp"})),)).kinds is None
    assert not Asked(NOW, (APP_ONLY,)).allows("sms")


def test_a_code_comes_first_where_the_person_or_a_rule_that_has_begun_wants_it() -> None:
    by_rule = replace(LATER, activation_only=True)
    assert Asked(NOW, (by_rule,)).activation_only
    assert not Asked(NOW, (replace(AHEAD, activation_only=True),)).activation_only
    assert Asked(NOW, by_code=True).activation_only
