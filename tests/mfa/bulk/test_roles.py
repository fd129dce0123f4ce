"""Acts on whole lists that give rights: a second admin approves the list, and whoever gains without one is left out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import approvals
from mfa.desk import acts, bulk_work, vouching
from mfa.models import Approval, BulkAct, BulkPerson
from tests.mfa.bulk.lists import everybody, order
from tests.mfa.doors import give_role

pytestmark = [pytest.mark.row("A-2.3.5"), pytest.mark.row("T-60")]


def roles_of(people: list[User]) -> list[list[str]]:
    return [list(one.groups.values_list("name", flat=True)) for one in people]


def test_a_list_of_people_gets_rights_when_a_second_admin_has_approved_this_list(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client, people = staff("admin"), everybody(make_user, 2)
    order(client, "role", "q=Person", role="helpdesk")
    row, asked = BulkAct.objects.get(), Approval.objects.get()
    assert (row.state, asked.words) == ("asked", "Change the role (helpdesk): 2 people of a list")
    start = f"/admin/mfa/bulkact/{row.pk}/start/"
    client.post(start, secure=True)
    bulk_work.work(row.pk)
    assert roles_of(people) == [[], []]
    approvals.decide(asked.pk, True, actor=give_role(make_user("second"), "admin"), now=timezone.now())
    client.post(start, secure=True)
    bulk_work.work(row.pk)
    assert roles_of(people) == [["helpdesk"], ["helpdesk"]]


def test_a_list_that_gave_nobody_rights_when_it_was_ordered_gives_none_later_either(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client, people = staff("admin"), everybody(make_user, 2)
    for one in people:
        give_role(one, "admin")
    order(client, "role", "q=Person", role="helpdesk")
    people[0].groups.clear()
    bulk_work.work(BulkAct.objects.get().pk)
    assert not Approval.objects.exists()
    assert roles_of(people) == [[], ["helpdesk"]]
    left_out = BulkPerson.objects.get(state=BulkPerson.State.SKIPPED, user__in=people)
    assert (left_out.user, left_out.words) == (people[0], vouching.wanted(acts.BY_SLUG["role"]))


def test_a_list_of_admins_comes_back_with_a_second_admin_only(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client, people = staff("admin"), everybody(make_user, 2)
    give_role(people[0], "admin")
    User.objects.filter(pk__in=[one.pk for one in people]).update(is_active=False)
    order(client, "reactivate", "q=Person&is_active__exact=0")
    assert BulkAct.objects.get().state == "asked"
