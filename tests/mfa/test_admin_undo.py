"""Taking a run back in the admin: what the page says first, and who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import tasks
from accounts.directory import outlook
from accounts.models import SyncRun, User
from mfa.models import AuditEvent
from tests.accounts.directory.places import Given, run
from tests.accounts.directory.samples import ALICE, BOB, MOBILE, OTHER, THIRD, entry
from tests.mfa.doors import give_role

LIST = "/admin/accounts/syncrun/"
DAVE = "44444444-0000-4000-8000-000000000004"
Staff = Callable[..., Client]


@pytest.fixture
def wrong(db: None, settings: object) -> SyncRun:
    """A run that gave Alice another number, renamed Bob, and created Dave."""
    settings.PHONE_COOL_DOWN_HOURS = 0  # type: ignore[attr-defined]
    run(Given([entry(ALICE, "alice", MOBILE), entry(BOB, "bob")]))
    return run(Given([entry(ALICE, "alice", OTHER), entry(BOB, "bobby"), entry(DAVE, "dave")]))


def test_the_page_says_exactly_what_is_restored_and_what_is_not(staff: Staff, wrong: SyncRun) -> None:
    User.objects.filter(username="bobby").update(name="Somebody")
    client = staff("admin")
    answer = client.get(f"{LIST}{wrong.pk}/undo/", secure=True)
    seen = answer.content.decode()
    assert (answer.context["restored"], answer.context["left_count"]) == (2, 1)
    assert [one.row.username for one, _lines in answer.context["rows"]] == ["alice", "dave"]
    for words in (OTHER, MOBILE, "They stay away until their entry in the directory changes.", "deactivated"):
        assert words in seen
    left = client.get(f"{LIST}{wrong.pk}/undo/?show=left", secure=True).content.decode()
    assert "Changed again since the run. Left as it is." in left
    assert "Somebody" in left
    for nonsense in ("from=-1", "from=x", "from=99999999999999999999", "show=x"):
        assert client.get(f"{LIST}{wrong.pk}/undo/?{nonsense}", secure=True).status_code == 200


def test_an_undo_asked_for_is_done_by_the_workers_and_leads_back_to_the_run(
    staff: Staff, wrong: SyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(name: str, kwargs: dict[str, Any]) -> None:
        assert name == tasks.undo_run.name
        tasks.undo_run(**kwargs)

    monkeypatch.setattr(current_app, "send_task", at_once)
    client = staff("admin")
    assert client.post(f"{LIST}{wrong.pk}/undo/", {"reason": ""}, secure=True).status_code == 422
    answer = client.post(f"{LIST}{wrong.pk}/undo/", {"reason": "Wrong file"}, secure=True, follow=True)
    back = SyncRun.objects.latest("pk")
    seen = answer.content.decode()
    assert answer.request["PATH_INFO"] == f"{LIST}{back.pk}/change/"
    assert "Undo of a directory run" in seen
    assert f"{LIST}{wrong.pk}/change/" in seen
    assert "Taken back by" in client.get(f"{LIST}{wrong.pk}/change/", secure=True).content.decode()
    assert User.objects.get(username="alice").phone == MOBILE
    assert (back.actor, back.trigger) == (User.objects.get(username="admin-person"), "admin")
    event = AuditEvent.objects.get(action="sync.undone")
    assert (event.reason, event.details) == ("Wrong file", {"run": wrong.pk})
    again = client.get(f"{LIST}{back.pk}/undo/", secure=True)
    assert again.context["restored"] == 3, "an undo can be undone"


def test_the_whole_run_is_judged_once_and_each_page_its_own_rows(
    staff: Staff, wrong: SyncRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cost(client: Client, query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"{LIST}{big.pk}/undo/{query}", secure=True).status_code == 200
        return len(captured)

    crowd = [entry(f"c{n:05d}", f"person{n:05d}") for n in range(120)]
    big = run(Given([entry(ALICE, "alice", OTHER), entry(BOB, "bobby"), entry(DAVE, "dave"), *crowd]))
    client = staff("admin")
    page = client.get(f"{LIST}{big.pk}/undo/", secure=True)
    assert page.context["restored"] == 120
    monkeypatch.setattr(outlook, "count", None)
    assert "Counted at" in page.content.decode()
    last = client.get(f"{LIST}{big.pk}/undo/?from=100", secure=True)
    assert [one.now.username for one, _lines in last.context["rows"]] == [f"person{n:05d}" for n in range(100, 120)]
    assert cost(client, "?from=50") == cost(client, "?from=100") <= 20
    monkeypatch.undo()
    run(Given([entry(ALICE, "alice", OTHER), entry(BOB, "bobby"), entry(DAVE, "dave"), *crowd[:119]]))
    anew = client.get(f"{LIST}{big.pk}/undo/", secure=True).context
    assert anew["restored"] == 119, "counted anew after another run"


def test_where_there_is_nothing_to_undo_the_page_says_so(staff: Staff, wrong: SyncRun) -> None:
    dry = run(Given([entry(ALICE, "alice", THIRD)]), dry_run=True)
    client = staff("admin")
    assert f"{LIST}{dry.pk}/undo/" not in client.get(f"{LIST}{dry.pk}/change/", secure=True).content.decode()
    assert "nothing to undo" in client.get(f"{LIST}{dry.pk}/undo/", secure=True).content.decode()


def test_a_killed_undo_is_begun_again_by_itself(wrong: SyncRun, make_user: Callable[..., User]) -> None:
    boss = give_role(make_user("boss"), "admin")
    SyncRun.objects.create(trigger="admin", state="killed", mode="undo", undoes=wrong, actor=boss)
    tasks.resume_killed()
    assert User.objects.get(username="alice").phone == MOBILE
    assert SyncRun.objects.latest("pk").undoes == wrong
