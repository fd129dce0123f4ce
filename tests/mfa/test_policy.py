"""Rules, exemptions and the person's own policy together; and the same in SQL for lists of very many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import provisioning
from accounts.models import User
from mfa import enrolment, holdings, policy, reckoning
from mfa.demands import Source
from mfa.kinds import Answer
from mfa.models import Application, Exemption, Factor, Rule
from mfa.outcomes import KIND_RULED_OUT
from mfa.verification.service import Attempt, verify
from tests.mfa.doors import add_factor, give_role

DAY = timedelta(days=1)
NUMBER, OTHER_NUMBER = "+4917012345678", "+4915112345678"


def rule(now: datetime, *, ago: int = 30, **columns: Any) -> Rule:
    """In force since yesterday for people who were there, unless told otherwise."""
    columns = {"name": "Everybody", "grace_days": ago - 1} | columns
    return Rule.objects.create(starts_on=timezone.localdate(now) - ago * DAY, **columns)


def exempt(user: User, now: datetime, until: datetime) -> Exemption:
    owner = User.objects.filter(username="owner").first() or User.objects.create_user("owner")
    return Exemption.objects.create(user=user, until=until, owner=owner, reason="test", created_at=now)


@pytest.fixture
def anna(make_user: Callable[..., User], now: datetime) -> User:
    return make_user("anna", created_at=now - timedelta(days=400))


def test_without_any_rule_nothing_is_asked(anna: User, now: datetime) -> None:
    asked = policy.of(anna, now=now)
    assert (asked.demands, asked.required, asked.kinds, asked.exempt_until) == ((), False, None, None)


def test_the_days_of_grace_run_from_the_rules_day_or_from_the_new_account(anna: User, now: datetime) -> None:
    found = rule(now, ago=10, grace_days=14)
    (demand,) = policy.of(anna, now=now).demands
    assert demand.deadline == policy.start_of(found.starts_on) + 14 * DAY
    anna.created_at = now - DAY
    (demand,) = policy.of(anna, now=now).demands
    assert demand.deadline == now + 13 * DAY


def test_a_rule_begins_at_midnight_where_the_portal_is(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    with timezone.override("Europe/Berlin"):
        assert policy.start_of(date(2026, 3, 2)).isoformat() == "2026-03-02T00:00:00+01:00"


def test_a_group_of_the_directory_is_concerned_and_nobody_else(
    anna: User, make_user: Callable[..., User], now: datetime
) -> None:
    finance = Group.objects.create(name="finance")
    rule(now, group=finance)
    ben = make_user("ben", created_at=anna.created_at)
    anna.groups.add(finance)
    assert [policy.of(one, now=now).required for one in (anna, ben)] == [True, False]
    anna.groups.clear()
    assert not policy.of(anna, now=now).required, "at the next question"


@pytest.mark.row("T-75")
def test_an_exemption_lifts_what_is_required_and_is_over_by_itself(anna: User, now: datetime) -> None:
    policy.require(anna, True, actor=None, reason="r")
    rule(now)
    until = now + DAY
    exempt(anna, now, until)
    asked = policy.of(anna, now=now)
    assert (asked.required, asked.exempt_until, asked.exempt_by) == (False, until, "owner")
    assert policy.of(anna, now=until).required
    Exemption.objects.update(ended_at=now)
    assert policy.of(anna, now=now).required


def test_nothing_lifts_that_staff_must_have_a_factor(anna: User, now: datetime) -> None:
    boss = give_role(anna, "admin")
    exempt(boss, now, now + DAY)
    asked = policy.of(boss, now=now)
    assert asked.required
    assert asked.exempt_until is None
    assert [one.source for one in asked.demands] == [Source.STAFF]


def test_an_ended_rule_asks_nothing(anna: User, now: datetime) -> None:
    rule(now, ended_at=now)
    assert not policy.of(anna, now=now).demands


@pytest.mark.row("A-8.3.2")
def test_a_kind_that_was_taken_away_opens_no_application_any_more_and_the_next_one_is_refused(
    anna: User, now: datetime, sample_kinds: None
) -> None:
    add_factor(anna, kind="sample")
    Application.objects.create(slug="vpn", name="VPN")
    attempt = Attempt(anna, Answer("right"), "vpn", "198.51.100.7")
    assert verify(attempt, now=now).result is not KIND_RULED_OUT
    rule(now, kinds=["second"])
    assert verify(attempt, now=now).result is KIND_RULED_OUT
    with pytest.raises(enrolment.KindNotAllowed):
        enrolment.begin(anna, "sample", b"x", name="x", now=now)
    enrolment.begin(anna, "second", b"x", name="x", now=now)


@pytest.mark.row("T-22c")
def test_what_makes_it_complete_cannot_be_removed(anna: User, now: datetime) -> None:
    first, second = add_factor(anna), add_factor(anna)
    codes = add_factor(anna, kind="recovery", state={"left": 9})
    found = rule(now, factors=2, backup=True)
    assert [enrolment.must_keep(anna, one, now=now) for one in (first, second, codes)] == [True] * 3
    third = add_factor(anna)
    assert not enrolment.must_keep(anna, first, now=now)
    Rule.objects.filter(pk=found.pk).update(kinds=["sms"], factors=1, backup=False)
    assert not enrolment.must_keep(anna, third, now=now), "it does not count"
    for one in (first, second):
        enrolment.remove(one, actor=anna, now=now)
    assert enrolment.must_keep(anna, third, now=now), "the last one stays, counted or not"
    Rule.objects.filter(pk=found.pk).update(kinds=[], grace_days=900)
    assert not enrolment.must_keep(anna, third, now=now)
    assert enrolment.needed_from(anna, third, now=now) is not None


def people(make_user: Callable[..., User], now: datetime) -> list[User]:
    """One of each: by account age, group, exemption, role, activity and what they have."""
    finance = Group.objects.create(name="finance")
    old, found = now - 400 * DAY, []
    for name, has in {"bare": (), "app": ("totp",), "apps": ("totp", "totp"), "codes": ("totp", "recovery")}.items():
        for kind_of in ("old", "new", "grouped", "exempt", "staff", "gone", "phone"):
            user = make_user(f"{name}-{kind_of}", created_at=now - DAY if kind_of == "new" else old)
            for slug in has:
                add_factor(user, kind=slug, state={"left": 3} if slug == "recovery" else {})
            changed: dict[str, dict[str, Any]] = {
                "phone": {"phone": "+4917012345678", "phone_source": "self"},
                "gone": {"is_active": False},
            }
            User.objects.filter(pk=user.pk).update(**changed.get(kind_of, {}))
            if kind_of == "grouped":
                user.groups.add(finance)
            if kind_of in ("exempt", "staff"):
                exempt(user, now, now + 2 * DAY)
            if kind_of == "staff":
                give_role(user, "auditor")
            found.append(User.objects.get(pk=user.pk))
    add_factor(found[0], expires_at=now - DAY)
    add_factor(found[1], expires_at=now + 2 * DAY)
    add_factor(found[0], disabled_at=now)
    add_factor(found[0], suspended_at=now)
    add_factor(found[0], kind="recovery", state={"left": 0})
    return found


SHAPES: list[dict[str, Any]] = [
    {}, {"factors": 2}, {"factors": 0, "backup": True}, {"factors": 1, "backup": True}, {"kinds": ["totp"]},
    {"kinds": ["sms"], "factors": 1}, {"grace_days": 0}, {"grace_days": 60}, {"ago": -3, "grace_days": 2},
]  # fmt: skip


def test_lists_in_sql_say_of_everybody_what_the_decision_says(make_user: Callable[..., User], now: datetime) -> None:
    everybody = people(make_user, now)
    for shape in SHAPES:
        for group in (None, Group.objects.get(name="finance")):
            Rule.objects.all().delete()
            found = rule(now, group=group, **shape)
            for at in (now, now + 3 * DAY, now + 40 * DAY):
                asked = policy.of_many(everybody, now=at)
                have = holdings.usable_of_many(everybody, now=at)
                closed, required = set(), set()
                for one in everybody:
                    holding = holdings.worth(have[one.pk])
                    mine = [d for d in asked[one.pk].in_force if d.rule == found.pk]
                    if one.is_active and any(d.missing(holding) for d in mine):
                        closed.add(one.username)
                    if asked[one.pk].required:
                        required.add(one.username)
                in_sql = set(reckoning.locked_out(found, at).values_list("username", flat=True)) - {"owner"}
                assert in_sql == closed, (shape, group, at)
                lists = User.objects.filter(policy.required_now(at)).exclude(username="owner")
                assert set(lists.values_list("username", flat=True)) == required, (shape, group, at)


def test_many_people_cost_as_many_queries_as_few(make_user: Callable[..., User], now: datetime) -> None:
    everybody = people(make_user, now)
    rule(now, group=Group.objects.get(name="finance"))
    with CaptureQueriesContext(connection) as few:
        policy.of_many(everybody[:2], now=now)
    with CaptureQueriesContext(connection) as many:
        found = policy.of_many(everybody, now=now)
    assert len(few) == len(many) == 4
    assert found == {one.pk: policy.of(one, now=now) for one in everybody}


def test_a_number_at_rest_counts_in_lists_of_a_later_day_as_it_will_count_then(
    make_user: Callable[..., User], now: datetime
) -> None:
    states: dict[str, Any] = {
        "implied": None, "works": {}, "lost": {"suspended_at": now}, "off": {"disabled_at": now},
        "reset": {"confirmed": False, "disabled_at": now},
    }  # fmt: skip
    for name, state in states.items():
        for rests in (0, 1, 9):
            number = {"phone": NUMBER, "phone_source": "self", "phone_confirmed_at": now}
            user = make_user(f"{name}-{rests}", created_at=now - 400 * DAY, **number)
            if state is not None:
                add_factor(user, kind="sms", key=holdings.single_key(user))
                Factor.objects.filter(user=user).update(**state)
            if rests:
                coming = {"phone_next": OTHER_NUMBER, "phone_next_at": now + rests * DAY}
                User.objects.filter(pk=user.pk).update(**coming)
    found = rule(now)
    later = now + 5 * DAY
    foretold = [set(reckoning.locked_out(found, later)), set(User.objects.filter(reckoning.without_factor(later)))]
    assert {one.username for one in reckoning.locked_out(found, now)} > {one.username for one in foretold[0]}
    while provisioning.bring_rested(now=later):
        pass
    have = holdings.usable_of_many(list(User.objects.all()), now=later)
    without = {one for one in User.objects.all() if not have[one.pk]}
    assert foretold == [without, without]
    assert {one.username for one in without} == {f"{name}-{n}" for name in ("lost", "off", "reset") for n in (0, 9)}
    assert foretold[0] == set(reckoning.locked_out(found, later))
