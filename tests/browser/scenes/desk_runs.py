"""The directory in the administration: its runs, what it says of a person, and the numbers that are written to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from accounts.directory import kept
from accounts.models import SyncAlarm, SyncProblem, SyncRun, User, WriteBack
from accounts.people import COLUMNS, Change, Person
from tests.browser.scenes.desk import as_admin, people
from tests.browser.scenes.scene import scene
from tests.browser.scenes.way_in import with_phone
from tests.browser.stage import Stage

STOPPED: dict[str, Any] = {
    "state": "stopped",
    "plan_digest": "d",
    "counts": {"entries": 788, "deactivated": 212, "guard": "people_lost"},
    "message": "Stopped before any change. 212 of 1000 people would be deactivated because the directory does not show "
    "them. At most 50 may in one run (SYNC_MAX_PEOPLE_LOST=5%, 10).",
}


@scene("admin:accounts_user_change", "of the directory, with a number at rest and an unusable one")
def one_person_of_the_directory(stage: Stage) -> None:
    as_admin(stage)
    known = people()
    earlier = timezone.now() - timedelta(days=3)
    run = SyncRun.objects.create(trigger="schedule", state="done", started_at=earlier, finished_at=earlier)
    add_report(run, known)
    User.objects.filter(pk=known[0].pk).update(
        phone="+4917012345678", phone_source="self", phone_confirmed_at=earlier,
        directory_id="0b4f1cd2-0000-4000-8000-00000000000a", directory_phone="+4915123456789",
        phone_next="+4915123456789", phone_next_at=timezone.now() + timedelta(hours=7), created_at=earlier,
        directory_dn="uid=ada,ou=analytical engines,ou=mathematics,ou=people,dc=a-rather-long-name,dc=example,dc=test",
    )  # fmt: skip
    stage.open(reverse("admin:accounts_user_change", args=[known[0].pk]))


@scene("admin:accounts_syncrun_changelist", "runs")
def runs(stage: Stage) -> None:
    admin = as_admin(stage)
    now = timezone.now()
    for number, state in enumerate(("done", "failed", "stopped", "running")):
        SyncRun.objects.create(state=state, trigger="admin", actor=admin, started_at=now - timedelta(hours=5 - number))
    SyncAlarm.objects.create(trouble="stopped", began_at=now - timedelta(hours=3), told=",stopped,")
    stage.open(reverse("admin:accounts_syncrun_changelist"))


def open_run(stage: Stage, page: str = "change", query: str = "", **columns: object) -> None:
    admin = as_admin(stage)
    run = SyncRun.objects.create(trigger="admin", actor=admin, **columns)
    known = people()
    if columns["state"] == SyncRun.State.DONE:
        add_report(run, known)
    elif columns["state"] == SyncRun.State.STOPPED:
        add_changes(run, known)
    stage.open(reverse(f"admin:accounts_syncrun_{page}", args=[run.pk]) + query)


def add_report(run: SyncRun, known: list[User]) -> None:
    add_changes(run, known)
    for user, value, reason in zip(
        known, ("n/a", "030 901820", "0151 1"), ("not_a_number", "landline", "too_short"), strict=False
    ):
        SyncProblem.objects.create(
            run=run, user=user, username=user.username, dn=f"uid={user.username},ou=people,dc=example,dc=test",
            attribute="mobile", value=value, reason=reason, suggestion="+4930901820" if reason == "landline" else "",
            rule="default region (DE)",
        )  # fmt: skip
    SyncRun.objects.filter(pk=run.pk).update(counts=run.counts | kept.counted(run))


def add_changes(run: SyncRun, known: list[User]) -> None:
    """Numbers, a name, a place, and somebody who left."""
    place = "uid={},ou=people,dc=example,dc=test"
    for user in known:
        User.objects.filter(pk=user.pk).update(directory_id=f"id-{user.pk}", directory_dn=place.format(user.username))
    before = {row[0]: Person(*row) for row in User.objects.values_list("pk", *COLUMNS)}
    changed: tuple[dict[str, Any], ...] = (
        {"phone": "+4915123456789", "phone_source": "directory"}, {"phone": "+4915123456780"}, {"name": "A New Name"},
        {"username": "somebody-else", "directory_dn": place.format("somebody-else")}, {"is_active": False},
    )  # fmt: skip
    changes = []
    for user, new in zip(known, changed, strict=False):
        old = before[user.pk]._replace(phone="+4917012345678", phone_source="self")
        changes.append(Change(old, old._replace(**new), "default region (DE)" if "phone" in new else ""))
    kept.keep(run, changes)
    SyncRun.objects.filter(pk=run.pk).update(counts=run.counts | kept.counted(run))


@scene("admin:accounts_syncrun_change", "in progress")
def run_in_progress(stage: Stage) -> None:
    open_run(stage, state="running", step="reading", progress_done=420, progress_total=1000)


@scene("admin:accounts_syncrun_change", "finished with problems")
def run_finished(stage: Stage) -> None:
    counts = {"read": 1000, "created": 12, "updated": 7, "deactivated": 1, "unchanged": 980, "problems": 3}
    open_run(stage, state="done", finished_at=timezone.now(), counts=counts)


@scene("admin:accounts_syncrun_change", "unusable values")
def run_unusable(stage: Stage) -> None:
    open_run(stage, query="?view=unusable", state="done", finished_at=timezone.now())


@scene("admin:accounts_syncrun_change", "stopped by a guard")
def run_stopped(stage: Stage) -> None:
    open_run(stage, finished_at=timezone.now(), **STOPPED)


@scene("admin:accounts_syncrun_confirm", "asks for the reason")
def run_confirmed(stage: Stage) -> None:
    open_run(stage, "confirm", finished_at=timezone.now(), **STOPPED)


@scene("admin:accounts_syncrun_undo", "preview")
def run_undone(stage: Stage) -> None:
    open_run(stage, state="done", finished_at=timezone.now())
    run = SyncRun.objects.latest("pk")
    User.objects.filter(username="ada").update(phone="+4915123456789", phone_source="directory")
    stage.open(reverse("admin:accounts_syncrun_undo", args=[run.pk]))


@scene("admin:accounts_syncrun_charts", "forty runs")
def run_history(stage: Stage) -> None:
    as_admin(stage)
    start = timezone.now() - timedelta(days=40)
    for number in range(40):
        begun = start + timedelta(days=number)
        counts = {"people": 900 + 3 * number, "problems": 40 - number // 2, "updated": number * 7 % 23}
        SyncRun.objects.create(
            trigger="schedule", state="failed" if number % 13 == 9 else "done", started_at=begun,
            finished_at=begun + timedelta(seconds=4 + number % 5), counts={} if number % 13 == 9 else counts,
        )  # fmt: skip
    stage.open(reverse("admin:accounts_syncrun_charts"))


@scene("admin:accounts_syncrun_started", "waiting for a worker")
def run_awaited(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:accounts_syncrun_started") + f"?since={timezone.now().timestamp()}")


def number_for_the_directory(state: str = "refused") -> WriteBack:
    owner = with_phone(username="ada", name="Ada Lovelace")
    answer = "The directory said no: the account that writes has no right to change mobile."
    return WriteBack.objects.create(user=owner, e164=owner.phone, state=state, answer=answer, attempts=1)


@scene("admin:accounts_writeback_changelist", "one refused")
def write_backs(stage: Stage) -> None:
    as_admin(stage)
    number_for_the_directory()
    stage.open(reverse("admin:accounts_writeback_changelist"))


@scene("admin:accounts_writeback_change", "refused")
def write_back(stage: Stage) -> None:
    as_admin(stage)
    stage.open(reverse("admin:accounts_writeback_change", args=[number_for_the_directory().pk]))
    stage.reads("Try again")
