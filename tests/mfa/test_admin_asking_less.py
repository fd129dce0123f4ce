"""Exempting and releasing: one admin does it for a few people alone; slices of many add up, and take a second admin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import approvals
from mfa.desk import vouching
from mfa.models import Approval, AuditEvent
from tests.mfa.doors import give_role, read_back

ACT = "/admin/accounts/user/act/"
TOO_MANY = "more than 10 people in 24 hours"
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
    return AuditEvent.objects.filter(action__in=vouching.WEAKENED).count()


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
    AuditEvent.objects.filter(action__in=vouching.WEAKENED).update(at=timezone.now() - vouching.FEW_WITHIN)
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
