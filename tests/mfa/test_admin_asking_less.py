"""Exempting, releasing, weakening a rule for a group: one admin does it for few people alone; slices of many add up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import User
from mfa import approvals, asked_less
from mfa.models import Approval, AuditEvent, Rule
from tests.mfa.doors import give_role, read_back

ACT = "/admin/accounts/user/act/"
TOO_MANY = "more than 10 people in 24 hours"
FIRST = "Nothing was saved: a second person has to approve it first."
DAY = timedelta(days=1)

pytestmark = pytest.mark.row("A-2.3.5")


@pytest.fixture
def many(make_user: Callable[..., User]) -> list[User]:
    return [make_user(f"p{number}") for number in range(25)]


def form(people: list[User], **fields: str) -> dict[str, str]:
    until = (timezone.localdate() + 30 * DAY).isoformat()
    return {"people": ",".join(str(one.pk) for one in people), "reason": "On leave", "until": until} | fields


def act(client: Client, slug: str, people: list[User], **fields: str) -> str:
    return client.post(f"{ACT}{slug}/", form(people, **fields), secure=True, follow=True).content.decode()


def done() -> int:
    return AuditEvent.objects.filter(action__in=asked_less.ONE_BY_ONE).count()


@pytest.mark.parametrize("slug", ["exempt", "release"])
def test_slices_of_ten_add_up_to_the_list_that_takes_two(
    staff: Callable[..., Client], many: list[User], slug: str
) -> None:
    client = staff("admin")
    before = client.get(f"{ACT}{slug}/?people={many[0].pk}", secure=True).content.decode()
    assert "at most 10 people alone in 24 hours" in before
    assert TOO_MANY in act(client, slug, many[:11])
    assert done() == 0
    act(client, slug, many[:10])
    assert done() == 10
    for some in (many[10:20], many[10:11], [many[0], many[10]]):
        people = ",".join(str(one.pk) for one in some)
        seen = client.get(f"{ACT}{slug}/?people={people}", secure=True).content.decode()
        assert "so it takes a second admin, who approves exactly this" in seen
        assert "Ask a second person" in seen
        assert TOO_MANY in act(client, slug, some)
    assert done() == 10
    act(client, slug, many[:1])
    assert done() == 11, "whom it was done to before is nobody more"
    AuditEvent.objects.filter(action__in=asked_less.ONE_BY_ONE).update(at=timezone.now() - asked_less.FEW_WITHIN)
    act(client, slug, many[10:20])
    assert done() == 21


def test_the_two_ways_to_ask_less_add_up_and_other_admins_count_for_themselves(
    staff: Callable[..., Client], many: list[User], make_user: Callable[..., User]
) -> None:
    other = give_role(make_user("other"), "admin")
    for one in many[20:]:
        AuditEvent.objects.create(action="exemption.granted", user=one, actor=other)
    client = staff("admin")
    act(client, "exempt", many[:6])
    act(client, "release", many[6:10])
    assert done() == 15
    assert TOO_MANY in act(client, "release", many[10:11])


def test_a_second_admin_approves_exactly_these_people_up_to_exactly_this_day(
    staff: Callable[..., Client], many: list[User], make_user: Callable[..., User]
) -> None:
    client, second = staff("admin"), give_role(make_user("second"), "admin")
    act(client, "exempt", many[:12], do="ask")
    asked = Approval.objects.get()
    assert (asked.right, done()) == ("mfa.change_exemption", 0)
    assert asked.words.startswith(f"Exempt until a day ({(timezone.localdate() + 30 * DAY).isoformat()}): 12 people")
    approvals.decide(asked.pk, True, actor=second, now=timezone.now())
    assert "A second person approved it" in client.get(asked.page, secure=True).content.decode()
    assert TOO_MANY in act(client, "exempt", many[:12], until=(timezone.localdate() + 31 * DAY).isoformat())
    assert TOO_MANY in act(client, "exempt", many[:13])
    assert TOO_MANY in act(client, "release", many[:12])
    assert done() == 0
    act(client, "exempt", many[:12])
    assert done() == 12
    assert TOO_MANY in act(client, "exempt", many[12:13])


def test_a_caller_check_is_no_second_admin(staff: Callable[..., Client], many: list[User]) -> None:
    client = staff("admin")
    act(client, "release", many[:10])
    read_back(User.objects.get(username="admin-person"), many[10])
    assert TOO_MANY in act(client, "release", many[10:11])


def rule_for(people: list[User], **columns: int) -> Rule:
    group = Group.objects.create(name=f"group-{Group.objects.count()}")
    group.user_set.set(people)
    return Rule.objects.create(name=group.name, group=group, starts_on=timezone.localdate(), grace_days=0, **columns)


def end(client: Client, rule: Rule, do: str = "save") -> str:
    path = f"/admin/mfa/rule/{rule.pk}/end/"
    return client.post(path, {"reason": "No more", "do": do}, secure=True, follow=True).content.decode()


def weaken(client: Client, rule: Rule, **fields: str | int) -> str:
    query: dict[str, str | int] = {
        "rule": rule.pk,
        "name": rule.name,
        "starts_on": rule.starts_on.isoformat(),
        "factors": 1,
        "grace_days": 60,
    }
    group = rule.group_id or ""
    path = "/admin/mfa/rule/preview/?" + urlencode(query | {"group": group} | fields)
    seen = client.get(path, secure=True).context["seen"]
    form = {"seen": seen, "reason": "Later", "do": "save"}
    return client.post(path, form, secure=True, follow=True).content.decode()


def test_a_rule_for_a_group_of_more_than_a_few_is_ended_and_weakened_by_two(
    staff: Callable[..., Client], many: list[User], make_user: Callable[..., User]
) -> None:
    client, second = staff("admin"), give_role(make_user("second"), "admin")
    rule = rule_for(many[:11])
    page = client.get(f"/admin/mfa/rule/{rule.pk}/end/", secure=True).content.decode()
    assert "asks less of more than 10 people, so a second admin has to approve it" in page
    assert FIRST in end(client, rule)
    assert FIRST in weaken(client, rule)
    rule.refresh_from_db()
    assert (rule.ended_at, rule.grace_days) == (None, 0)
    end(client, rule, do="ask")
    asked = Approval.objects.get()
    assert asked.words == f"End the rule “{rule.name}”, which concerns the members of {rule.name}."
    approvals.decide(asked.pk, True, actor=second, now=timezone.now())
    assert "The rule has ended." in end(client, rule)
    assert TOO_MANY in act(client, "exempt", many[20:21]), "whom a second admin approved counts too"


@pytest.mark.parametrize("undo", [end, weaken])
def test_rules_exemptions_and_releases_add_up_in_any_order(
    staff: Callable[..., Client], many: list[User], undo: Callable[[Client, Rule], str]
) -> None:
    client = staff("admin")
    first, second, same = rule_for(many[:6]), rule_for(many[6:12]), rule_for(many[:5])
    page = client.get(f"/admin/mfa/rule/{first.pk}/end/", secure=True).content.decode()
    assert "You ask less of at most 10 people alone in 24 hours" in page
    assert FIRST not in undo(client, first)
    assert FIRST in undo(client, second)
    assert FIRST not in undo(client, same), "of nobody more"
    act(client, "exempt", many[12:16])
    assert done() == 4
    assert TOO_MANY in act(client, "release", many[16:17])
    User.objects.filter(pk__in=[one.pk for one in many[6:12]]).update(is_active=False)
    assert FIRST not in undo(client, second), "people who cannot sign in are asked nothing"
    later = rule_for(many[17:18])
    assert FIRST in undo(client, later)
    AuditEvent.objects.update(at=timezone.now() - asked_less.FEW_WITHIN)
    assert FIRST not in undo(client, later)


def test_a_stricter_rule_takes_one_whomever_it_concerns_and_asks_nobody_less(
    staff: Callable[..., Client], many: list[User]
) -> None:
    client, rule = staff("admin"), rule_for(many, factors=1)
    assert FIRST not in weaken(client, rule, factors=2, grace_days=0)
    assert FIRST not in weaken(client, rule, factors=2, grace_days=0, group="")
    rule.refresh_from_db()
    assert (rule.factors, rule.group) == (2, None)
    assert not AuditEvent.objects.filter(details__has_key=asked_less.NOTED).exists()
