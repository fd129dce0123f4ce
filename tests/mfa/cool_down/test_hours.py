"""Applications that take what was set up after a reset, or given out by helpdesk, some hours later only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from mfa import applications, holdings, lost
from mfa.models import Application, Rule
from mfa.outcomes import CODE_PENDING, FACTOR_LOST, FACTOR_NEW, KIND_RULED_OUT
from mfa.verification.dialogue import Asked
from mfa.verification.simulation import simulate
from tests.mfa.cool_down.acting import HOUR, a_token, after_a_reset, app, asked_at, kept

pytestmark = pytest.mark.row("T-59")


@pytest.mark.parametrize(
    ("hours", "since", "now", "taken_from"),
    [
        (0, "09:00:00", "09:00:01", None),
        (1, None, "09:00:01", None),
        (1, "09:00:00", "09:59:59", "10:00:00"),
        (1, "09:00:00", "10:00:00", None),
        (1, "09:00:01", "10:00:59", "10:01:00"),
        (1, "09:00:01", "10:01:00", None),
        (1, "09:30:00", "09:00:00", "10:30:00"),
        (168, "09:00:00", "09:00:01", "7 09:00:00"),
    ],
)
def test_what_is_new_is_taken_from_the_full_minute_on_at_which_the_hours_are_over(
    hours: int, since: str | None, now: str, taken_from: str | None
) -> None:
    """The last but one: a clock that was put back makes nothing old."""

    def at(text: str | None) -> datetime | None:
        days, _, clock = text.rpartition(" ") if text else ("", "", "")
        day = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=int(days or 0))
        return datetime.combine(day, datetime.strptime(clock, "%H:%M:%S").time(), UTC) if text else None  # a clock time

    moment = at(now)
    assert moment
    row = Application(slug="bank", cool_down_hours=hours)
    assert applications.taken_from(row, at(since), now=moment) == at(taken_from)


def test_beside_a_factor_that_is_taken_the_new_one_is_not_offered(
    alice: User, bank: Application, start: datetime
) -> None:
    kept(alice, start)
    found = simulate(Asked(bank, "alice"), now=start)
    assert [one.kind for one in found.factors] == ["sms"]
    assert [one.factor.kind for one in found.waiting] == ["totp"]


def test_where_no_hours_are_set_and_at_the_portal_a_new_factor_counts_at_once(
    alice: User, wiki: Application, start: datetime
) -> None:
    after_a_reset(alice, start)
    assert asked_at(wiki, alice, start) is CODE_PENDING
    assert [one.kind for one in holdings.opening(alice, now=start)] == ["totp"]
    for own in applications.OWN:
        assert applications.answering(list(alice.factors.all()), frozenset({"totp"}), own, now=start)


def test_a_change_of_the_hours_counts_for_what_is_there(alice: User, bank: Application, start: datetime) -> None:
    after_a_reset(alice, start)
    later = start + 30 * HOUR
    for hours, result in ((24, CODE_PENDING), (48, FACTOR_NEW), (0, CODE_PENDING)):
        Application.objects.filter(pk=bank.pk).update(cool_down_hours=hours)
        assert asked_at(Application.objects.get(pk=bank.pk), alice, later) is result


def test_a_rule_that_takes_the_kind_away_is_the_cause_since_no_time_will_mend_that(
    alice: User, bank: Application, start: datetime
) -> None:
    after_a_reset(alice, start)
    Rule.objects.create(name="Passkeys", starts_on=start.date() - timedelta(days=40), kinds=["webauthn"])
    assert asked_at(bank, alice, start) is KIND_RULED_OUT


def test_the_cause_is_the_new_factor_where_another_one_is_lost(alice: User, bank: Application, start: datetime) -> None:
    lost.report(alice, [app(alice, start - timedelta(days=90))], actor=alice, now=start)
    assert asked_at(bank, alice, start) is FACTOR_LOST
    a_token(alice, start)
    found = simulate(Asked(bank, "alice"), now=start)
    until = timezone.localtime(found.waiting[0].until)
    assert found.cause == f"Factor New After A Reset: taken from {until:%Y-%m-%d %H:%M}+00:00"


def test_the_database_itself_keeps_the_hours_to_a_week(bank: Application) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Application.objects.filter(pk=bank.pk).update(cool_down_hours=169)
