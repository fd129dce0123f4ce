"""Directory runs in the admin: started, followed, and read."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.directory.life import SILENT_TOO_LONG
from accounts.models import SyncChange, SyncProblem, SyncRun, User
from mfa.models import AuditEvent

LIST = "/admin/accounts/syncrun/"
NUMBER = "+4917012345678"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, object]]]:
    """The jobs that were asked for."""
    jobs: list[tuple[str, dict[str, object]]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, kwargs: jobs.append((name, kwargs)))
    return jobs


@pytest.mark.parametrize(("button", "dry_run"), [("no", False), ("yes", True)])
def test_the_two_buttons_ask_the_workers_for_a_run(
    staff: Callable[..., Client], sent: list[object], button: str, dry_run: bool
) -> None:
    client = staff("admin")
    answer = client.post(f"{LIST}start/", {"dry_run": button}, secure=True)
    admin = User.objects.get()
    assert sent == [("accounts.tasks.sync_directory", {"trigger": "admin", "actor_id": admin.pk, "dry_run": dry_run})]
    assert answer.headers["location"].startswith(f"{LIST}started/?since=")
    assert AuditEvent.objects.get(action="sync.requested").details == {"dry_run": dry_run}


def test_the_page_that_waits_leads_to_the_run_once_a_worker_has_it(
    staff: Callable[..., Client], sent: list[object]
) -> None:
    client = staff("admin")
    waiting = client.post(f"{LIST}start/", secure=True).headers["location"]
    assert b"Waiting for a worker" in client.get(waiting, secure=True).content
    SyncRun.objects.create(trigger="admin", actor=None)
    assert client.get(waiting, secure=True).status_code == 200, "a run of the schedule is not ours"
    SyncRun.objects.all().delete()
    run = SyncRun.objects.create(trigger="admin", actor=User.objects.get())
    assert client.get(waiting, secure=True).headers["location"] == f"{LIST}{run.pk}/change/"
    part = waiting.replace("started/", "started/part/")
    assert client.get(part, secure=True).headers["location"] == f"{LIST}{run.pk}/change/"


def test_a_wait_that_lasts_names_the_likely_cause(staff: Callable[..., Client]) -> None:
    since = (timezone.now() - timedelta(minutes=2)).timestamp()
    assert b"check that a worker runs" in staff("admin").get(f"{LIST}started/?since={since}", secure=True).content


@pytest.mark.parametrize("since", ["", "x", "nan", "inf", "-1e99", "1e20"])
def test_any_moment_to_wait_from_is_bearable(staff: Callable[..., Client], since: str) -> None:
    assert staff("admin").get(f"{LIST}started/", {"since": since}, secure=True).status_code == 200


def test_a_run_that_goes_on_is_shown_instead_of_a_second_one(staff: Callable[..., Client], sent: list[object]) -> None:
    run = SyncRun.objects.create(trigger="schedule")
    client = staff("admin")
    assert client.post(f"{LIST}start/", secure=True).headers["location"] == f"{LIST}{run.pk}/change/"
    assert sent == []
    SyncRun.objects.update(heartbeat_at=timezone.now() - SILENT_TOO_LONG - timedelta(seconds=1))
    client.post(f"{LIST}start/", secure=True)
    assert len(sent) == 1, "a dead run holds nobody up"


def test_a_dead_broker_is_told_in_plain_words(staff: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, kwargs: dict[str, object]) -> None:
        raise OSError("no route")

    monkeypatch.setattr(current_app, "send_task", refuse)
    seen = staff("admin").post(f"{LIST}start/", secure=True, follow=True).content.decode()
    assert "Nothing was started: the queue of jobs is out of reach." in seen
    assert "no route" not in seen
    assert not AuditEvent.objects.exists()


def test_a_job_really_reaches_the_broker_of_a_fresh_installation(staff: Callable[..., Client]) -> None:
    queue = Path(settings.DATA_DIR) / "broker" / "queue"
    before = set(queue.iterdir())
    staff("admin").post(f"{LIST}start/", {"dry_run": "yes"}, secure=True)
    new = set(queue.iterdir()) - before
    assert any("accounts.tasks.sync_directory" in file.read_text() for file in new)
    for file in new:
        file.unlink()


@pytest.fixture
def run(alice: User) -> SyncRun:
    made = SyncRun.objects.create(
        trigger="admin",
        state="stopped",
        counts={"read": 60, "numbers_unusable": 2},
        message="7 of 60 people would be lost.",
    )
    SyncProblem.objects.create(run=made, user=alice, username="alice", dn="uid=alice,dc=x", attribute="mobile",
                               value="0170 1234567 <b>", reason="landline", suggestion=NUMBER)  # fmt: skip
    SyncProblem.objects.create(run=made, username="=cmd|x", value="+", reason="too_short")
    SyncProblem.objects.create(run=made, username="odd", value="?", reason="no_country_code")
    SyncChange.objects.create(
        run=made, user=alice, username="alice", kind="updated", touches=",phone,", old={"phone": "+4917000000000"},
        new={"phone": NUMBER},
    )  # fmt: skip
    return made


def test_the_page_of_a_run_tells_counts_guard_changes_and_reasons_in_words(
    staff: Callable[..., Client], run: SyncRun
) -> None:
    client = staff("admin")
    seen = client.get(f"{LIST}{run.pk}/change/", secure=True).content.decode()
    for words in ("Numbers unusable", "7 of 60 people would be lost.", NUMBER, "+4917000000000", "What it would do"):
        assert words in seen
    seen = client.get(f"{LIST}{run.pk}/change/?view=unusable", secure=True).content.decode()
    for words in ("This is a landline number.", "0170 1234567 &lt;b&gt;", "The country code is missing."):
        assert words in seen


def test_unusable_values_are_filtered_by_reason(staff: Callable[..., Client], run: SyncRun) -> None:
    client = staff("auditor")
    answer = client.get(f"{LIST}{run.pk}/change/?reason=landline&page=99", secure=True)
    assert [problem.username for problem in answer.context["page"].rows] == ["alice"]
    assert {(reason, count) for reason, _words, count in answer.context["reasons"]} == {
        ("landline", 1), ("too_short", 1), ("no_country_code", 1),
    }  # fmt: skip
    assert NUMBER not in answer.content.decode(), "an auditor sees masked numbers"


def test_conflicts_that_hold_people_have_their_own_view(staff: Callable[..., Client], run: SyncRun) -> None:
    SyncProblem.objects.create(run=run, username="twin", reason="duplicate_username")
    answer = staff("admin").get(f"{LIST}{run.pk}/change/?view=conflicts", secure=True)
    assert [problem.username for problem in answer.context["page"].rows] == ["twin"]
    assert ("unusable", 3) in [(view, count) for view, _label, count in answer.context["views"]]


@pytest.mark.row("A-1.2.10")
def test_unusable_values_as_csv(staff: Callable[..., Client], run: SyncRun) -> None:
    answer = staff("admin").post(f"{LIST}{run.pk}/rows.csv?view=unusable", secure=True)
    head, *rows = list(csv.reader(io.StringIO(b"".join(answer).decode())))
    assert head[0] == "user name"
    words = "This is a landline number. Use the number of a mobile phone that can receive text messages."
    assert rows[0][3:] == ["0170 1234567 <b>", "landline", words, f"'{NUMBER}"]
    assert rows[1][0] == "'=cmd|x"
    assert AuditEvent.objects.get(action="list.exported").details["list"] == f"run-{run.pk}-unusable"


def test_progress_is_a_fragment_that_ends_by_leading_to_the_page(staff: Callable[..., Client], alice: User) -> None:
    run = SyncRun.objects.create(trigger="admin", step="reading", progress_done=20, progress_total=60)
    client = staff("admin")
    page = client.get(f"{LIST}{run.pk}/change/", secure=True).content.decode()
    assert f'data-poll-url="{LIST}{run.pk}/part/"' in page
    part = client.get(f"{LIST}{run.pk}/part/", secure=True).content.decode()
    assert "20 of 60" in part
    assert "<html" not in part
    SyncRun.objects.update(state="done")
    assert client.get(f"{LIST}{run.pk}/part/", secure=True).headers["location"] == f"{LIST}{run.pk}/change/"


def test_a_run_without_a_sign_of_life_says_so(staff: Callable[..., Client]) -> None:
    run = SyncRun.objects.create(trigger="admin", heartbeat_at=timezone.now() - timedelta(minutes=3))
    assert b"no sign of life" in staff("admin").get(f"{LIST}{run.pk}/part/", secure=True).content


def test_a_long_report_comes_in_pages(
    staff: Callable[..., Client], run: SyncRun, django_assert_max_num_queries: Callable[[int], object]
) -> None:
    SyncProblem.objects.bulk_create([SyncProblem(run=run, username=f"u{n}", reason="empty") for n in range(200)])
    client = staff("admin")
    with django_assert_max_num_queries(25):  # type: ignore[attr-defined]
        answer = client.get(f"{LIST}{run.pk}/change/?view=unusable&before=last", secure=True)
    assert [row.username for row in answer.context["page"].rows] == [f"u{n}" for n in range(150, 200)]


def test_the_list_shows_each_run(staff: Callable[..., Client], run: SyncRun) -> None:
    seen = staff("auditor").get(LIST, secure=True).content.decode()
    assert "stopped by a guard" in seen
    assert "read 60, numbers unusable 2" in seen
    assert "Sync now" not in seen


def test_history_draws_the_latest_runs_and_marks_those_that_failed(staff: Callable[..., Client]) -> None:
    client = staff("auditor")
    assert "No run has ended yet." in client.get(f"{LIST}charts/", secure=True).content.decode()
    start = timezone.now() - timedelta(hours=1)
    for number in range(70):
        SyncRun.objects.create(
            trigger="schedule", state="failed" if number == 69 else "done", started_at=start,
            finished_at=start + timedelta(seconds=75), counts={"people": 1000 + number, "problems": 3, "created": 2},
        )  # fmt: skip
    SyncRun.objects.create(trigger="admin", state="done", dry_run=True, counts={"people": 7777})
    SyncRun.objects.create(trigger="admin", state="done", mode="incremental", counts={"people": 1070, "problems": 9})
    answer = client.get(f"{LIST}charts/", secure=True)
    seen = answer.content.decode()
    charts = {chart.slug: chart for chart in answer.context["charts"]}
    assert [len(chart.bars) for chart in charts.values()] == [60, 60, 60, 60]
    assert (charts["people"].most, charts["duration"].most) == ("1,070", "1 min 15 s")
    assert charts["unusable"].bars[-1].height == 0, "a run of what changed has not looked at everything"
    assert [bar.failed for bar in charts["people"].bars] == [*[False] * 58, True, False]
    assert seen.count("run-cross") == 4
    assert "7,777" not in seen
    assert "at most 1,070, lately 1,070; 1 did not come to their end." in seen
    assert "style=" not in seen.split("<main")[1]
