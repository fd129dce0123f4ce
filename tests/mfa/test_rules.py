"""Making, weakening and ending rules: what takes two people, what was previewed, what is on record."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import User
from mfa import approvals, exemptions, policy, rules
from mfa.models import AuditEvent, Exemption, Reminder, Rule
from tests.mfa.doors import give_role

PAGE = "/admin/mfa/rule/preview/?x=1"


@pytest.fixture
def boss(make_user: Callable[..., User]) -> User:
    return give_role(make_user("boss"), "admin")


@pytest.fixture
def second(make_user: Callable[..., User]) -> User:
    return give_role(make_user("second"), "admin")


@pytest.fixture
def everybody(db: None, now: datetime) -> Rule:
    return Rule.objects.create(name="Everybody", starts_on=timezone.localdate(now), factors=1, kinds=["totp"])


def changed(rule: Rule, **columns: Any) -> Rule:
    new = copy(rule)
    for name, value in columns.items():
        setattr(new, name, value)
    return new


def save(old: Rule | None, new: Rule, actor: User, now: datetime) -> Rule:
    return rules.save(new, seen=rules.digest(old, new), page=PAGE, actor=actor, reason="r", now=now)


@pytest.mark.parametrize(
    ("columns", "weaker"),
    [
        ({"name": "Else"}, False),
        ({"factors": 2}, False),
        ({"factors": 0}, True),
        ({"backup": True}, False),
        ({"kinds": []}, True),
        ({"kinds": ["totp", "sms"]}, True),
        ({"kinds": ["sms"]}, True),
        ({"activation_only": True}, False),
        ({"grace_days": 15}, True),
        ({"grace_days": 3}, False),
    ],
)
@pytest.mark.row("A-2.3.5")
def test_which_change_asks_less_of_everybody_and_takes_two(
    everybody: Rule, boss: User, second: User, now: datetime, columns: dict[str, Any], weaker: bool
) -> None:
    new = changed(everybody, **columns)
    assert rules.takes_two(everybody, new, actor=boss, now=now) is weaker
    if not weaker:
        save(everybody, new, boss, now)
        return
    with pytest.raises(approvals.NotApproved):
        save(everybody, new, boss, now)
    assert rules.values(Rule.objects.get()) == rules.values(everybody)
    row = approvals.ask(rules.matter(everybody, new, PAGE), actor=boss, reason="r", now=now)
    approvals.decide(row.pk, True, actor=second, now=now)
    even_weaker = changed(new, grace_days=300)
    with pytest.raises(approvals.NotApproved):
        save(everybody, even_weaker, boss, now)
    save(everybody, new, boss, now)
    assert rules.values(Rule.objects.get()) == rules.values(new)


@pytest.mark.row("A-2.3.5")
def test_a_rule_for_everybody_is_ended_by_two_and_one_for_a_small_group_by_one(
    everybody: Rule, boss: User, second: User, now: datetime
) -> None:
    with pytest.raises(approvals.NotApproved):
        rules.end(everybody.pk, page=PAGE, actor=boss, reason="r", now=now)
    row = approvals.ask(rules.matter(everybody, None, PAGE), actor=boss, reason="r", now=now)
    approvals.decide(row.pk, True, actor=second, now=now)
    rules.end(everybody.pk, page=PAGE, actor=boss, reason="r", now=now)
    with pytest.raises(rules.ChangedMeanwhile):
        rules.end(everybody.pk, page=PAGE, actor=boss, reason="r", now=now)
    group = Rule.objects.create(name="G", starts_on=everybody.starts_on, group=Group.objects.create(name="finance"))
    rules.end(group.pk, page=PAGE, actor=boss, reason="r", now=now)
    assert Rule.objects.filter(ended_at=now).count() == 2


def test_a_rule_for_everybody_does_not_become_one_for_a_group_by_one_person(
    everybody: Rule, boss: User, now: datetime
) -> None:
    with pytest.raises(approvals.NotApproved):
        save(everybody, changed(everybody, group=Group.objects.create(name="few")), boss, now)


def test_what_changed_since_the_preview_is_not_overwritten(everybody: Rule, boss: User, now: datetime) -> None:
    new = changed(everybody, factors=2)
    seen = rules.digest(everybody, new)
    Rule.objects.update(backup=True)
    with pytest.raises(rules.ChangedMeanwhile):
        rules.save(new, seen=seen, page=PAGE, actor=boss, reason="r", now=now)
    assert Rule.objects.get().factors == 1


def test_two_rules_that_leave_somebody_no_kind_at_all_do_not_come_to_be(
    everybody: Rule, boss: User, alice: User, now: datetime
) -> None:
    group = Group.objects.create(name="finance")
    by_sms = Rule(name="SMS", starts_on=everybody.starts_on, group=group, kinds=["sms"])
    assert rules.clashes(by_sms) == [], "nobody is in the group"
    alice.groups.add(group)
    with pytest.raises(rules.Clash, match="Everybody"):
        save(None, by_sms, boss, now)
    save(None, changed(by_sms, kinds=["sms", "totp"]), boss, now)


def test_old_and_new_are_on_record_with_the_reason(everybody: Rule, boss: User, now: datetime) -> None:
    made = save(None, Rule(name="New", starts_on=everybody.starts_on), boss, now)
    save(made, changed(made, factors=2), boss, now)
    rows = AuditEvent.objects.filter(action__startswith="rule.").order_by("pk")
    assert [(row.action, row.reason, row.actor_name) for row in rows] == [
        ("rule.made", "r", "boss"), ("rule.changed", "r", "boss"),
    ]  # fmt: skip
    assert rows[1].details["old"]["factors"] == 1
    assert rows[1].details["new"]["factors"] == 2


def test_another_day_means_new_reminders_and_another_name_does_not(everybody: Rule, boss: User, now: datetime) -> None:
    Reminder.objects.create(rule=everybody, user=boss, stage="7")
    save(everybody, changed(everybody, name="Other"), boss, now)
    assert Reminder.objects.exists()
    there = Rule.objects.get()
    save(there, changed(there, grace_days=7), boss, now)
    assert not Reminder.objects.exists()


def test_a_rule_says_its_effect(everybody: Rule) -> None:
    whole = changed(everybody, factors=2, backup=True, activation_only=True, grace_days=0)
    said = " ".join(rules.words(whole))
    assert "Everybody must have 2 second factors and recovery codes." in said
    assert "only these count: Authenticator app." in said
    assert "activation code" in said
    assert rules.words(changed(everybody, factors=0, kinds=[], backup=True))[0] == "Everybody must have recovery codes."


@pytest.mark.row("T-75")
def test_an_exemption_lasts_to_the_end_of_its_day_and_a_new_one_takes_the_place_of_the_old(
    everybody: Rule, boss: User, alice: User, now: datetime
) -> None:
    Rule.objects.update(grace_days=0)
    day = timezone.localdate(now) + timedelta(days=2)
    exemptions.grant(alice, day, actor=boss, reason="on leave", now=now)
    until = policy.start_of(day + timedelta(days=1))
    assert not policy.of(alice, now=until - timedelta(seconds=1)).required
    assert policy.of(alice, now=until).required
    exemptions.grant(alice, day + timedelta(days=9), actor=boss, reason="longer", now=now)
    assert Exemption.objects.filter(ended_at=None).count() == 1
    exemptions.end(alice, actor=boss, reason="back", now=now)
    assert policy.of(alice, now=now).required
    found = AuditEvent.objects.filter(action__startswith="exemption.").order_by("pk")
    assert [row.action for row in found] == ["exemption.granted", "exemption.granted", "exemption.ended"]
