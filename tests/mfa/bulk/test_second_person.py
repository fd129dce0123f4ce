"""Which acts on whole lists a second person has to approve, and who that may be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import approvals
from mfa.desk import acts, bulk_work, vouching
from mfa.models import Approval, AuditEvent, BulkAct, BulkPerson
from tests.mfa.bulk.lists import everybody, order, states
from tests.mfa.doors import add_factor, give_role, sign_in


@pytest.mark.row("T-60")
@pytest.mark.row("A-2.3.5")
def test_what_takes_a_second_person_starts_when_that_person_has_approved_exactly_this_list(
    staff: Callable[..., Client], make_user: Callable[..., User], no_workers: list[int]
) -> None:
    client = staff("helpdesk")
    people = everybody(make_user, 3)
    for one in people:
        add_factor(one)
    answer = order(client, "reset", "q=p")
    row, asked = BulkAct.objects.get(), Approval.objects.get()
    assert answer.headers["location"] == f"/admin/mfa/bulkact/{row.pk}/change/"
    assert (asked.words, asked.right) == ("Reset all factors: 3 people of a list", "mfa.reset_factors")
    assert asked.reason == "Rollout · INC-7 · The manager or a known colleague vouched"
    start = f"/admin/mfa/bulkact/{row.pk}/start/"
    assert "A second person has to approve it first." in client.post(start, secure=True, follow=True).content.decode()
    other = Client(headers={"host": "portal.test"}, SERVER_NAME="portal.test")
    colleague = give_role(make_user("colleague"), "helpdesk")
    sign_in(other, colleague, add_factor(colleague))
    other.post(f"/admin/mfa/approval/{asked.pk}/approve/", secure=True)
    assert other.post(start, secure=True).status_code == 403, "whoever approved does not start it"
    assert other.post(start.replace("start", "cancel"), secure=True).status_code == 403
    bulk_work.work(row.pk)
    assert (no_workers, states(row)) == ([], {"waiting": 3, "skipped": 1})
    client.post(start, secure=True)
    client.post(start, secure=True)
    bulk_work.work(row.pk)
    assert states(row) == {"done": 3, "skipped": 1}
    asked.refresh_from_db()
    assert asked.state == "used"
    assert AuditEvent.objects.filter(action="factors.reset").count() == 3


@pytest.mark.row("T-60")
def test_an_admin_is_enough_to_unlock_a_list_of_ordinary_people_and_not_where_staff_is_among_them(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = staff("admin")
    people = everybody(make_user, 2)
    order(client, "unlock", "q=Person")
    assert BulkAct.objects.latest("pk").state == "queued"
    order(client, "reset", "q=Person")
    assert BulkAct.objects.latest("pk").state == "asked"
    give_role(people[0], "auditor")
    order(client, "unlock", "q=Person")
    assert BulkAct.objects.latest("pk").state == "asked"
    assert Approval.objects.latest("pk").right == "accounts.touch_staff"


@pytest.mark.row("T-60")
@pytest.mark.row("A-8.3.2")
def test_who_got_a_role_since_the_start_is_left_out_where_the_second_person_may_not_decide_about_staff(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = staff("admin")
    people = everybody(make_user, 2)
    order(client, "reset", "q=Person")
    row = BulkAct.objects.get()
    colleague = give_role(make_user("colleague"), "helpdesk")
    approvals.decide(Approval.objects.get().pk, True, actor=colleague, now=timezone.now())
    client.post(f"/admin/mfa/bulkact/{row.pk}/start/", secure=True)
    give_role(people[0], "admin")
    bulk_work.work(row.pk)
    left_out = row.people.get(state=BulkPerson.State.SKIPPED, user__in=people)
    assert (left_out.user, left_out.words) == (people[0], vouching.wanted(acts.BY_SLUG["reset"]))
    assert list(AuditEvent.objects.filter(action="factors.reset").values_list("username", flat=True)) == ["p1"]


@pytest.mark.row("T-60")
def test_an_admin_of_the_list_does_not_approve_it(staff: Callable[..., Client], make_user: Callable[..., User]) -> None:
    client = staff("admin")
    people = everybody(make_user, 2)
    give_role(people[0], "admin")
    order(client, "reset", "q=Person")
    row = Approval.objects.get()
    assert approvals.why_not(row, people[0], now=timezone.now()).startswith("This is about your own account")


@pytest.mark.row("A-2.3.5")
@pytest.mark.parametrize("slug", ["exempt", "release"])
def test_one_admin_does_not_switch_it_off_for_everybody_by_a_list(
    staff: Callable[..., Client], make_user: Callable[..., User], slug: str
) -> None:
    client = staff("admin")
    everybody(make_user, 2)
    day = timezone.localdate() + timedelta(days=30)
    order(client, slug, "q=Person", until=day.isoformat())
    row = BulkAct.objects.get()
    bulk_work.work(row.pk)
    assert (row.state, states(row)) == ("asked", {"waiting": 2, "skipped": 1})
    words = Approval.objects.get().words
    assert words.endswith(f"({day.isoformat()}): 2 people of a list" if slug == "exempt" else ": 2 people of a list")
