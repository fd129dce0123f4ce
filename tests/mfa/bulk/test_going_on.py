"""How long, and by whom, an act on a whole list is gone on with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import approvals
from mfa.desk import bulk, bulk_work
from mfa.models import BulkAct
from tests.mfa.bulk.lists import LIST, placed, read, required
from tests.mfa.doors import give_role


def grow_old(row: BulkAct, by: timedelta = bulk.GOOD_FOR) -> None:
    BulkAct.objects.filter(pk=row.pk).update(asked_at=timezone.now() - by)
    row.refresh_from_db()


@pytest.mark.row("A-2.3.5")
@pytest.mark.parametrize("state", ["stopped", "done", "asked"])
def test_a_list_is_good_for_a_day_and_then_the_rest_is_ordered_anew_after_a_fresh_preview(
    staff: Callable[..., Client], make_user: Callable[..., User], no_workers: list[int], state: str
) -> None:
    client = staff("admin")
    row = placed(client, make_user)
    row.people.filter(user__username="p0").update(state="failed")
    BulkAct.objects.update(state=state)
    if state == "asked":
        asked = approvals.ask(bulk.matter(row), actor=row.actor, reason="r", now=timezone.now())
        approvals.decide(asked.pk, True, actor=give_role(make_user("second"), "admin"), now=timezone.now())
    assert "It can be started until" in read(client, row)
    no_workers.clear()
    grow_old(row)
    seen = read(client, row)
    assert "It was ordered more than 24 hours ago, so it cannot be started any more" in seen
    assert f'href="{LIST}all/require/?q=p"' in seen
    start = f"/admin/mfa/bulkact/{row.pk}/start/"
    assert start not in seen
    assert "Look at the list anew" in client.post(start, secure=True, follow=True).content.decode()
    row.refresh_from_db()
    assert (row.state, no_workers, required()) == (state, [], [])
    grow_old(row, bulk.GOOD_FOR - timedelta(minutes=1))
    assert start in read(client, row)
    client.post(start, secure=True)
    assert no_workers == [row.pk]


def test_workers_that_come_back_after_a_day_do_nothing_more(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = staff("admin")
    row = placed(client, make_user)
    grow_old(row)
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, row.message, required()) == ("stopped", str(bulk.TOO_OLD), [])


@pytest.mark.row("A-8.3.2")
def test_going_on_takes_a_fresh_proof_and_the_right_that_ordering_took(
    staff: Callable[..., Client], make_user: Callable[..., User], no_workers: list[int]
) -> None:
    client = staff("admin")
    row = placed(client, make_user)
    BulkAct.objects.update(state="stopped")
    no_workers.clear()
    start = f"/admin/mfa/bulkact/{row.pk}/start/"
    session = client.session
    fresh = session["proved_at"]
    session["proved_at"] = fresh - 86400
    session.save()
    assert client.post(start, secure=True).headers["location"].startswith("/prove/")
    session["proved_at"] = fresh
    session.save()
    actor = give_role(row.actor, "helpdesk")
    actor.groups.set(actor.groups.filter(name="helpdesk"))
    assert "You may not do this any more." in client.post(start, secure=True, follow=True).content.decode()
    row.refresh_from_db()
    assert (row.state, no_workers) == ("stopped", [])
