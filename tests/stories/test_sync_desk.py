"""The brake and the way back, through the admin's pages only: a real directory loses people, an admin decides."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings, settings as portal
from django.test import Client

from accounts import tasks
from accounts.models import SyncRun, User
from mfa.models import AuditEvent
from tests.accounts.directory.places import settings_for
from tests.mfa.doors import give_role
from tests.services.slapd import Slapd
from tests.stories import acting

pytestmark = pytest.mark.django_db
JOBS: dict[str, Callable[..., None]] = {job.name: job for job in (tasks.sync_directory, tasks.undo_run)}
RUNS = "/admin/accounts/syncrun/"


class Desk:
    """An admin at a browser, and a worker that takes what the admin asked for from the broker."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._queue = Path(portal.DATA_DIR) / "broker" / "queue"

    def press(self, path: str, **form: str) -> str:
        """Send a form; the worker does its job; the page that the browser is led to."""
        before = set(self._queue.iterdir())
        answer = self.client.post(f"{RUNS}{path}", form, secure=True)
        for file in sorted(set(self._queue.iterdir()) - before):
            message = json.loads(file.read_text())
            arguments, options, _more = json.loads(base64.b64decode(message["body"]))
            file.unlink()
            JOBS[message["headers"]["task"]](*arguments, **options)
        return self.read(answer.headers["location"])

    def read(self, path: str) -> str:
        answer: Any = self.client.get(path, secure=True, follow=True)
        assert answer.status_code == 200
        return str(answer.content.decode())


@pytest.fixture
def desk(make_user: Callable[..., User]) -> Desk:
    client = Client(headers={"host": "portal.test"}, SERVER_NAME="portal.test")
    return Desk(acting.with_app(client, give_role(make_user("robin"), "admin")).client)


@pytest.fixture
def company(slapd: Slapd, settings: LazySettings) -> Iterator[Slapd]:
    slapd.reset()
    for name, value in settings_for(slapd).items():
        setattr(settings, name, value)
    slapd.generate_people(30)
    yield slapd
    slapd.reset()


def lose(company: Slapd, *numbers: int) -> None:
    for number in numbers:
        company.delete(f"uid=u{number:07d},{company.base}")


def active() -> int:
    return User.objects.filter(is_active=True, directory_id__isnull=False).count()


@pytest.mark.row("T-52")
def test_a_stopped_run_is_looked_at_applied_and_taken_back(desk: Desk, company: Slapd) -> None:
    assert "What it did" in desk.press("start/", dry_run="no")
    lose(company, *range(15))
    page = desk.press("start/", dry_run="no")
    stopped = SyncRun.objects.latest("pk")
    for words in ("15 of 30 people would be deactivated", "SYNC_MAX_PEOPLE_LOST=5%, 10", "People lost",
                  "What it would do", "u0000014",
                  "Apply this plan all the same"):  # fmt: skip
        assert words in page
    assert active() == 30
    page = desk.press(f"{stopped.pk}/confirm/", reason="The Lyon site was sold")
    applied = SyncRun.objects.latest("pk")
    assert (active(), applied.state, applied.confirms) == (15, "done", stopped)
    assert f"{RUNS}{stopped.pk}/change/" in page
    assert "was applied already" in desk.read(f"{RUNS}{stopped.pk}/confirm/")
    assert "15 people" in desk.read(f"{RUNS}{applied.pk}/undo/")
    page = desk.press(f"{applied.pk}/undo/", reason="They stay until March")
    assert active() == 30
    assert "Undo of a directory run" in page
    trail = list(AuditEvent.objects.filter(action__startswith="sync.").order_by("pk").values_list("action", "reason"))
    assert trail[2:] == [
        ("sync.confirmed", "The Lyon site was sold"), ("sync.undone", "They stay until March"),
    ]  # fmt: skip


@pytest.mark.row("T-52")
def test_a_directory_that_changed_meanwhile_stops_again_and_shows_its_own_plan(desk: Desk, company: Slapd) -> None:
    desk.press("start/", dry_run="no")
    lose(company, *range(15))
    desk.press("start/", dry_run="no")
    stopped = SyncRun.objects.latest("pk")
    lose(company, 20)
    page = desk.press(f"{stopped.pk}/confirm/", reason="The Lyon site was sold")
    again = SyncRun.objects.latest("pk")
    assert (again.state, again.counts["guard"], active()) == ("stopped", "other_plan", 30)
    assert "no longer as it was when the plan was confirmed" in page
    assert "u0000020" in page
    desk.press(f"{again.pk}/confirm/", reason="That one as well")
    assert active() == 14


@pytest.mark.row("T-50")
def test_a_directory_that_shows_nobody_cannot_be_confirmed(desk: Desk, company: Slapd) -> None:
    desk.press("start/", dry_run="no")
    lose(company, *range(30))
    page = desk.press("start/", dry_run="no")
    stopped = SyncRun.objects.latest("pk")
    assert "nobody at all" in page
    assert "Apply this plan all the same" not in page
    answer = desk.client.post(f"{RUNS}{stopped.pk}/confirm/", {"reason": "x"}, secure=True)
    assert (answer.status_code, active()) == (409, 30)
