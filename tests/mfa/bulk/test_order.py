"""Acts on whole lists: previewed, counted, and ordered exactly as they were seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from mfa import policy
from mfa.desk import bulk_outlook, bulk_work
from mfa.models import AuditEvent, BulkAct
from tests.mfa.bulk.lists import LIST, everybody, order, read, states


@pytest.mark.row("A-8.2.1")
def test_the_preview_counts_whom_it_leaves_out_and_why_and_everybody_else_is_done_once(
    staff: Callable[..., Client], make_user: Callable[..., User], no_workers: list[int]
) -> None:
    client = staff("admin")
    people = everybody(make_user)
    policy.require(people[0], True, actor=None, reason="before")
    User.objects.filter(pk=people[1].pk).update(is_superuser=True)
    AuditEvent.objects.all().delete()
    outlook = client.get(f"{LIST}all/require/?q=p", secure=True).context["outlook"]
    assert (outlook.total, outlook.affected) == (6, 3)
    assert {reason.words: reason.names for reason in outlook.reasons} == {
        "Two-factor sign-in is required already.": ["p0"],
        "Only another superuser, or the break-glass command, may act on a superuser.": ["p1"],
        "You cannot do this to your own account; ask a colleague.": ["admin-person"],
    }
    assert not BulkAct.objects.exists()
    order(client, "require")
    row = BulkAct.objects.get()
    assert (row.state, no_workers) == ("queued", [row.pk])
    assert not policy.of(people[2], now=timezone.now()).required, "nothing happens in the request"
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, states(row)) == ("done", {"done": 3, "skipped": 3})
    events = AuditEvent.objects.order_by("pk").values_list("action", "username", "actor_name", "reason")
    assert list(events) == [
        ("bulk.ordered", "", "admin-person", "Rollout"),
        *(("policy.required", f"p{number}", "admin-person", "Rollout") for number in (2, 3, 4)),
        ("bulk.done", "", "admin-person", ""),
    ]
    assert "Two-factor sign-in is required already." in read(client, row)
    csv = client.post(f"/admin/mfa/bulkact/{row.pk}/people.csv?view=skipped", secure=True)
    assert b"p0,Person 0,left out,Two-factor sign-in is required already." in b"".join(csv)


def test_a_list_that_changed_since_the_preview_is_shown_again(
    staff: Callable[..., Client], make_user: Callable[..., User]
) -> None:
    client = staff("admin")
    everybody(make_user, 2)
    answer = order(client, "require", seen="another list")
    assert answer.status_code == 409
    assert "the list has changed" in answer.content.decode()
    answer = order(client, "reset-one", kind="totp")
    assert "nobody in the list to do exactly this to" in answer.content.decode()
    assert not BulkAct.objects.exists()


def test_all_of_the_list_is_offered_with_a_link_and_by_the_box_over_the_pages(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = staff("admin")
    people = everybody(make_user, 3)
    assert "Act on all 4 people of this list" in client.get(f"{LIST}?q=p", secure=True).content.decode()
    assert f"{LIST}all/require/?q=p" in client.get(f"{LIST}all/?q=p", secure=True).content.decode()
    form = {"action": "require", "select_across": "1", "index": "0", "_selected_action": str(people[0].pk)}
    assert client.post(f"{LIST}?q=p", form, secure=True).headers["location"] == f"{LIST}all/require/?q=p"
    monkeypatch.setattr(bulk_outlook, "MOST", 3)
    assert "At most 3 people at a time" in client.get(f"{LIST}all/?q=p", secure=True).content.decode()
    assert client.get(f"{LIST}all/require/?q=p", secure=True).headers["location"] == f"{LIST}?q=p"
    for slug in ("phone", "activate", "temporary", "assign-token", "nothing"):
        assert client.get(f"{LIST}all/{slug}/", secure=True).status_code == 404
