"""What a run would do, person by person: views, search, pages, CSV; and letting a stopped plan through."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from celery import current_app
from django.test import Client
from django.utils import timezone

from accounts.directory import kept
from accounts.models import SyncRun, User
from accounts.people import NOBODY, Change
from mfa.models import AuditEvent
from tests.accounts.directory.samples import MOBILE, OTHER, THIRD, person

LIST = "/admin/accounts/syncrun/"
DN = "uid={},ou=people,dc=example,dc=test"
Staff = Callable[..., Client]


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, object]]]:
    """The jobs that were asked for."""
    asked: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, kwargs: asked.append((name, kwargs)))
    return asked


def planned(username: str, /, **new: object) -> Change:
    """A change of somebody who has MOBILE; with `created=True` of somebody new."""
    before = NOBODY if new.pop("created", False) else person(0, username, username, phone=MOBILE, phone_source="self")
    after = person(0, username, username, phone=MOBILE, phone_source="self", directory_dn=DN.format(username))
    if before is not NOBODY:
        before = before._replace(directory_dn=DN.format(username))
    return Change(before, after._replace(**new), "default region (DE)")  # type: ignore[arg-type]


@pytest.fixture
def run(db: None) -> SyncRun:
    made = SyncRun.objects.create(
        trigger="schedule", state="stopped", plan_digest="d" * 32, counts={"guard": "people_lost", "entries": 60},
        message="Stopped before any change. 7 of 60 people would be deactivated.", finished_at=timezone.now(),
    )  # fmt: skip
    keep(made, [
        planned("alice", phone=OTHER, phone_source="directory"),
        planned("bob", phone_next=THIRD, phone_next_at=timezone.now()),
        planned("carol", name="Carol C."),
        planned("dave", username="david"),
        planned("erin", is_active=False),
        planned("frank", created=True),
    ])  # fmt: skip
    return made


def keep(run: SyncRun, changes: list[Change]) -> None:
    """As a run does at its end."""
    kept.keep(run, changes)
    run.counts |= kept.counted(run)
    run.save()


def rows(client: Client, run: SyncRun, query: str = "") -> list[str]:
    return [row.username for row in client.get(f"{LIST}{run.pk}/change/?{query}", secure=True).context["page"].rows]


def test_each_view_shows_its_people_and_how_many_they_are(staff: Staff, run: SyncRun) -> None:
    client = staff("admin")
    answer = client.get(f"{LIST}{run.pk}/change/", secure=True)
    assert {(view, count) for view, _label, count in answer.context["views"]} == {
        ("created", 1), ("numbers", 1), ("resting", 1), ("names", 1), ("moved", 1), ("deactivated", 1),
    }  # fmt: skip
    for view, people in (("", ["frank"]), ("numbers", ["alice"]), ("resting", ["bob"]), ("names", ["carol"]),
                         ("moved", ["david"]), ("deactivated", ["erin"]), ("nonsense", ["frank"])):  # fmt: skip
        assert rows(client, run, f"view={view}") == people, view


def test_a_row_tells_before_after_whose_it_was_and_how_the_country_was_found(staff: Staff, run: SyncRun) -> None:
    seen = staff("admin").get(f"{LIST}{run.pk}/change/?view=numbers", secure=True).content.decode()
    for words in (MOBILE, OTHER, "was entered by the person", "default region (DE)"):
        assert words in seen


@pytest.mark.parametrize(("search", "people"), [
    ("dav", ["david"]), ("ALICE", ["alice"]), ("0171 123", ["alice"]), (THIRD, ["bob"]), ("uid=frank,ou", ["frank"]),
    ("nobody at all", []), ("%", []), ("1 or 1=1", []), ("x" * 5000, []),
])  # fmt: skip
def test_people_are_found_by_name_number_and_dn(staff: Staff, run: SyncRun, search: str, people: list[str]) -> None:
    client = staff("admin")
    answer = client.get(f"{LIST}{run.pk}/change/", {"q": search}, secure=True)
    assert [row.username for row in answer.context["page"].rows] == people


def test_search_goes_on_within_a_view(staff: Staff, run: SyncRun) -> None:
    assert rows(staff("admin"), run, "q=a&view=names") == ["carol"]


def test_an_auditor_sees_masked_numbers_and_cannot_find_out_digits_by_searching(staff: Staff, run: SyncRun) -> None:
    client = staff("auditor")
    seen = client.get(f"{LIST}{run.pk}/change/?view=numbers", secure=True).content.decode()
    assert MOBILE not in seen
    assert OTHER not in seen
    assert rows(client, run, "q=171123") == []
    printed = b"".join(client.post(f"{LIST}{run.pk}/rows.csv?view=numbers", secure=True)).decode()
    assert OTHER not in printed


def test_pages_lead_to_the_next_the_last_and_back(staff: Staff, run: SyncRun) -> None:
    keep(run, [planned(f"p{number:03d}", name="New Name") for number in range(120)])
    client = staff("admin")

    def page(query: str) -> tuple[list[str], int | None, int | None]:
        found = client.get(f"{LIST}{run.pk}/change/?view=names&{query}", secure=True).context["page"]
        return [row.username for row in found.rows], found.before, found.after

    first, before, after = page("")
    assert (first[0], len(first), before) == ("carol", 50, None)
    second, before, after = page(f"after={after}")
    assert (second[0], second[-1]) == ("p049", "p098")
    assert page(f"before={before}") == (first, None, page("")[2])
    last, before, after = page("before=last")
    assert (last[0], last[-1], after) == ("p070", "p119", None)
    third, _, after = page(f"after={page('after=' + str(page('')[2]))[2]}")
    assert (third[0], third[-1], after) == ("p099", "p119", None)
    for nonsense in ("after=x", "before=-1", "after=" + "9" * 40):
        assert page(nonsense)[0] == first


def test_the_plan_as_csv_is_what_the_page_shows_and_is_audited(staff: Staff, run: SyncRun) -> None:
    client = staff("admin")
    answer = client.post(f"{LIST}{run.pk}/rows.csv?view=numbers", secure=True)
    head, row = list(csv.reader(io.StringIO(b"".join(answer).decode())))
    found = dict(zip(head, row, strict=True))
    assert (found["user name"], found["what"], found["phone before"], found["phone after"], found["rule"]) == (
        "alice", "updated", f"'{MOBILE}", f"'{OTHER}", "default region (DE)",
    )  # fmt: skip
    assert AuditEvent.objects.get(action="list.exported").details["chosen"]["view"] == "numbers"


def test_a_page_of_a_long_plan_costs_few_queries(
    staff: Staff, run: SyncRun, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    people = [User.objects.create(username=f"p{number}") for number in range(60)]
    keep(run, [planned(one.username, pk=one.pk, name="N") for one in people])
    client = staff("admin")
    client.get(f"{LIST}{run.pk}/change/", secure=True)
    with django_assert_max_num_queries(25):  # type: ignore[attr-defined]
        client.get(f"{LIST}{run.pk}/change/?view=names", secure=True)


@pytest.mark.row("T-52")
def test_a_stopped_plan_is_let_through_with_a_reason(staff: Staff, run: SyncRun, jobs: list[object]) -> None:
    client = staff("admin")
    page = client.get(f"{LIST}{run.pk}/change/", secure=True).content.decode()
    assert f"{LIST}{run.pk}/confirm/" in page
    asked = client.get(f"{LIST}{run.pk}/confirm/", secure=True).content.decode()
    assert "7 of 60 people would be deactivated" in asked
    assert client.post(f"{LIST}{run.pk}/confirm/", {"reason": " "}, secure=True).status_code == 422
    assert jobs == []
    answer = client.post(f"{LIST}{run.pk}/confirm/", {"reason": "Site closed"}, secure=True)
    admin = User.objects.get(username="admin-person")
    assert answer.headers["location"].startswith(f"{LIST}started/?since=")
    expected = {"trigger": "admin", "actor_id": admin.pk, "confirms_id": run.pk}
    assert jobs == [("accounts.tasks.sync_directory", expected)]
    event = AuditEvent.objects.get(action="sync.confirmed")
    assert (event.actor, event.reason, event.details) == (admin, "Site closed", {"run": run.pk})


@pytest.mark.row("T-52")
@pytest.mark.parametrize("order", ["confirm", "undo"])
@pytest.mark.parametrize("role", ["helpdesk", "auditor"])
def test_nobody_but_an_admin_decides_about_a_run(
    staff: Staff, run: SyncRun, jobs: list[object], role: str, order: str
) -> None:
    client = staff(role)
    assert client.get(f"{LIST}{run.pk}/{order}/", secure=True).status_code == 403
    assert client.post(f"{LIST}{run.pk}/{order}/", {"reason": "x"}, secure=True).status_code == 403
    assert jobs == []


@pytest.mark.parametrize("order", ["confirm", "undo"])
def test_a_decision_needs_a_fresh_proof(staff: Staff, run: SyncRun, jobs: list[object], order: str) -> None:
    client = staff("admin", proved_at=timezone.now() - timedelta(hours=1))
    answer = client.post(f"{LIST}{run.pk}/{order}/", {"reason": "x"}, secure=True)
    assert answer.headers["location"].startswith("/prove/")
    assert jobs == []


@pytest.mark.row("T-50")
@pytest.mark.parametrize(("columns", "words"), [
    ({"counts": {"guard": "empty"}}, "is never believed"),
    ({"counts": {"guard": "nothing_usable"}}, "is never believed"),
    ({"state": "done"}, "Only a run that a guard stopped"),
    ({"state": "failed"}, "Only a run that a guard stopped"),
])  # fmt: skip
def test_what_cannot_be_let_through_says_why(
    staff: Staff, run: SyncRun, jobs: list[object], columns: dict[str, object], words: str
) -> None:
    SyncRun.objects.update(**columns)
    client = staff("admin")
    assert f"{LIST}{run.pk}/confirm/" not in client.get(f"{LIST}{run.pk}/change/", secure=True).content.decode()
    answer = client.post(f"{LIST}{run.pk}/confirm/", {"reason": "x"}, secure=True)
    assert answer.status_code == 409
    assert words in answer.content.decode()
    assert jobs == []


@pytest.mark.row("T-52")
def test_a_plan_is_let_through_once(staff: Staff, run: SyncRun, jobs: list[object]) -> None:
    SyncRun.objects.create(trigger="admin", state="done", confirms=run)
    client = staff("admin")
    answer = client.post(f"{LIST}{run.pk}/confirm/", {"reason": "x"}, secure=True)
    assert "was applied already" in answer.content.decode()
    assert jobs == []
    assert "Confirmed by" in client.get(f"{LIST}{run.pk}/change/", secure=True).content.decode()


def test_nothing_is_decided_while_a_run_goes_on(staff: Staff, run: SyncRun, jobs: list[object]) -> None:
    SyncRun.objects.create(trigger="schedule")
    answer = staff("admin").post(f"{LIST}{run.pk}/confirm/", {"reason": "x"}, secure=True)
    assert "Wait until it is over" in answer.content.decode()
    assert jobs == []


def test_time_left_is_told_when_there_is_something_to_tell_it_by(staff: Staff, run: SyncRun) -> None:
    now = timezone.now()
    going = SyncRun.objects.create(
        trigger="admin", step="writing", progress_done=1000, progress_total=100000,
        step_at=now - timedelta(seconds=10), heartbeat_at=now,
    )  # fmt: skip
    client = staff("admin")
    part = client.get(f"{LIST}{going.pk}/part/", secure=True).content.decode()
    assert "Writing the changes" in part
    assert "About 17 minutes left." in part or "About 16 minutes left." in part
    SyncRun.objects.filter(pk=going.pk).update(progress_done=0)
    assert "left." not in client.get(f"{LIST}{going.pk}/part/", secure=True).content.decode()
