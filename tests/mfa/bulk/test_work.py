"""Acts on whole lists done in portions by workers: resumed, cancelled, stopped, told person by person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from mfa.desk import bulk_work, pace, perform
from mfa.models import Approval, AuditEvent, BulkAct
from tests.mfa.bulk.lists import everybody, order, placed, read, required, states
from tests.mfa.doors import add_factor, give_role


def interrupted(monkeypatch: pytest.MonkeyPatch, at: str, then: Callable[[], object]) -> None:
    """As soon as the act was done to the person called `at`, but before that is stored, `then` happens."""

    def act_on(act: Any, order: Any, person: User, *, vouched: bool) -> perform.Outcome:
        outcome = perform.act_on(act, order, person, vouched=vouched)
        if person.username == at:
            then()
        return outcome

    monkeypatch.setattr(bulk_work, "act_on", act_on)


def kill() -> None:
    raise SystemExit("killed")


def fail() -> None:
    raise RuntimeError("a fault")


def test_a_worker_that_is_killed_has_done_everybody_once_or_not_at_all_and_another_goes_on(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch, no_workers: list[int]
) -> None:
    row = placed(staff("admin"), make_user)
    interrupted(monkeypatch, "p2", kill)
    with pytest.raises(SystemExit):
        bulk_work.work(row.pk)
    assert required() == ["p0", "p1"]
    assert states(row) == {"waiting": 3, "done": 2, "skipped": 1}
    monkeypatch.undo()
    monkeypatch.setattr(bulk_work, "wake", no_workers.append)
    bulk_work.work(row.pk)
    assert len(required()) == 2, "the other may still be alive"
    later = timezone.now() + bulk_work.SILENT_TOO_LONG
    bulk_work.sweep(now=later + timedelta(seconds=1))
    assert no_workers[-1] == row.pk
    BulkAct.objects.update(beat_at=timezone.now() - bulk_work.SILENT_TOO_LONG - timedelta(seconds=1))
    bulk_work.work(row.pk)
    bulk_work.work(row.pk)
    assert required() == [f"p{number}" for number in range(5)]
    assert AuditEvent.objects.filter(action="bulk.done").count() == 1


def test_what_fails_for_one_holds_nobody_up_and_is_tried_again_by_whoever_ordered_it(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = staff("admin")
    row = placed(client, make_user)
    interrupted(monkeypatch, "p1", fail)
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, states(row)) == ("done", {"done": 4, "skipped": 1, "failed": 1})
    assert required() == ["p0", "p2", "p3", "p4"]
    seen = read(client, row)
    assert "Something went wrong; the log of the server says what." in seen
    assert "Try those again" in seen
    monkeypatch.setattr(bulk_work, "act_on", perform.act_on)
    client.post(f"/admin/mfa/bulkact/{row.pk}/start/", secure=True)
    bulk_work.work(row.pk)
    assert states(row) == {"done": 5, "skipped": 1}


def test_it_can_be_cancelled_and_what_is_done_stays_done(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = staff("admin")
    row = placed(client, make_user)
    monkeypatch.setattr(bulk_work, "PORTION", 2)
    cancel = f"/admin/mfa/bulkact/{row.pk}/cancel/"
    interrupted(monkeypatch, "p1", lambda: client.post(cancel, secure=True))
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, states(row)) == ("cancelled", {"waiting": 3, "done": 2, "skipped": 1})
    assert "Not reached yet (3)" in read(client, row)
    bulk_work.work(row.pk)
    client.post(f"/admin/mfa/bulkact/{row.pk}/start/", secure=True)
    bulk_work.work(row.pk)
    assert required() == ["p0", "p1"]


@pytest.mark.row("A-8.3.2")
def test_whoever_loses_the_right_meanwhile_does_nothing_more(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = placed(staff("admin"), make_user)
    interrupted(monkeypatch, "p1", lambda: User.objects.get(username="admin-person").groups.clear())
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, row.message) == ("stopped", "You may not do this any more.")
    assert required() == ["p0", "p1"]
    BulkAct.objects.update(state="queued")
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, row.message) == ("stopped", "Whoever ordered it may not do this any more.")


@pytest.mark.row("T-59")
def test_the_pace_of_helpdesk_stops_it_and_it_goes_on_later(
    staff: Callable[..., Client], make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.ALARM_MAIL = ["team@example.test"]
    monkeypatch.setattr(pace, "IN_A_ROW", 2)
    client = staff("helpdesk")
    for one in everybody(make_user, 3):
        add_factor(one)
    order(client, "reset")
    row = BulkAct.objects.get()
    Approval.objects.update(state="approved", decided_by=give_role(make_user("colleague"), "helpdesk"))
    start = f"/admin/mfa/bulkact/{row.pk}/start/"
    client.post(start, secure=True)
    bulk_work.work(row.pk)
    row.refresh_from_db()
    assert (row.state, states(row)) == ("stopped", {"waiting": 1, "done": 2, "skipped": 1})
    assert "Too many resets in a short time" in read(client, row)
    assert AuditEvent.objects.filter(action=pace.STOPPED).count() == 1
    AuditEvent.objects.update(at=timezone.now() - pace.IN_A_ROW_WITHIN)
    client.post(start, secure=True)
    bulk_work.work(row.pk)
    assert states(row) == {"done": 3, "skipped": 1}
