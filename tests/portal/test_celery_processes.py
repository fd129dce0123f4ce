"""Worker and beat as processes, with the portal's own settings, on the embedded broker and on Redis."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.portal.commands import ROOT, environment, manage
from tests.portal.tables import ask, make_tables
from tests.services.servers.processes import ServerProcess
from tests.services.servers.redis import Redis

pytestmark = pytest.mark.service("celery")

CELERY = [sys.executable, "-m", "celery", "--app", "portal", "--quiet"]
WORKER = [*CELERY, "worker", "--concurrency", "1", "--loglevel", "INFO"]
BEAT = [*CELERY, "beat", "--pidfile", "", "--loglevel", "INFO"]
QUEUE_A_MAIL = """
from django.utils import timezone
from accounts.models import User
from mfa.delivery import outbox
now = timezone.now()
user, _ = User.objects.get_or_create(username="alice", email="alice@example.test")
outbox.queue_mail(user, user.email, "account-unlocked", {"at": now}, now=now)
"""
QUEUE_A_MAIL_THAT_NOBODY_HEARS_OF = (
    QUEUE_A_MAIL.replace("outbox.queue_mail(", "message = outbox.mail(") + "message.save()"
)
SWEEP_EVERY_SECOND = """
from django_celery_beat.models import IntervalSchedule
IntervalSchedule.objects.update(every=1)
"""
IMPATIENT = "import sys, portal.celery as c; c.BEAT_FIRST = c.BEAT_EVERY = 0.5; c.app.start(sys.argv[1:])"
"""A worker that looks at beat at once."""
JOBS = "django_celery_beat_periodictask"


@pytest.fixture(params=["filesystem", "redis"])
def settings_of_processes(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """A migrated portal of its own on each broker."""
    broker = "filesystem://"
    if request.param == "redis":
        server: Redis = request.getfixturevalue("redis")
        server.flush()
        broker = server.url
    settings = environment(
        tmp_path / "data",
        {"CELERY_BROKER_URL": broker, "DEBUG": "true", "EMAIL_URL": "inbox://", "SMS_GATEWAYS": "inbox"},
    )
    make_tables(settings)
    return settings


@contextlib.contextmanager
def running(command: list[str], name: str, settings: dict[str, str]) -> Iterator[ServerProcess]:
    log = Path(settings["DATA_DIR"]) / f"{name}.log"
    process = ServerProcess(command, log=log, environment=settings, folder=ROOT)
    try:
        process.start()
        yield process
    finally:
        process.stop()


def wait_for(ready: Callable[[], bool], process: ServerProcess, seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert process.running, process.last_lines()
        assert time.monotonic() < until, process.last_lines()
        time.sleep(0.1)


def run(settings: dict[str, str], script: str) -> None:
    done = manage("shell", "-c", script, settings=settings)
    assert done.returncode == 0, done.stderr


def states(settings: dict[str, str]) -> list[str]:
    return [str(row[0]) for row in ask(settings, "SELECT state FROM mfa_delivery")]


@pytest.mark.row("F-04")
def test_message_queued_while_no_worker_ran_leaves_once_when_one_starts(settings_of_processes: dict[str, str]) -> None:
    run(settings_of_processes, QUEUE_A_MAIL)
    assert states(settings_of_processes) == ["queued"]
    with running(WORKER, "worker", settings_of_processes) as worker:
        wait_for(lambda: states(settings_of_processes) == ["sent"], worker)
    assert ask(settings_of_processes, "SELECT tries FROM mfa_delivery") == [(1,)]


@pytest.mark.row("F-04")
def test_schedule_kept_in_the_database_sends_what_no_worker_was_told_of(settings_of_processes: dict[str, str]) -> None:
    run(settings_of_processes, QUEUE_A_MAIL_THAT_NOBODY_HEARS_OF)
    run(settings_of_processes, SWEEP_EVERY_SECOND)
    with (
        running(WORKER, "worker", settings_of_processes) as worker,
        running(BEAT, "beat", settings_of_processes) as beat,
    ):
        wait_for(lambda: states(settings_of_processes) == ["sent"], worker)
        assert beat.running
    assert ask(settings_of_processes, f"SELECT COUNT(*) FROM {JOBS} WHERE last_run_at IS NOT NULL") != [(0,)]


@pytest.mark.row("F-06")
def test_a_worker_tells_that_no_beat_runs(settings_of_processes: dict[str, str]) -> None:
    ask(settings_of_processes, f"UPDATE {JOBS} SET date_changed = '2020-01-01'")
    worker = [sys.executable, "-c", IMPATIENT, "--app", "portal", "--quiet", *WORKER[len(CELERY) :]]
    with running(worker, "worker", settings_of_processes) as process:
        found = "SELECT state FROM mfa_finding WHERE part = 'beat'"
        wait_for(lambda: ask(settings_of_processes, found) == [("bad",)], process)


@pytest.mark.row("F-06", "A-16.2.1")
def test_worker_ends_when_asked_and_every_line_it_wrote_is_a_record(settings_of_processes: dict[str, str]) -> None:
    run(settings_of_processes, QUEUE_A_MAIL)
    log = Path(settings_of_processes["DATA_DIR"]) / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(WORKER, cwd=ROOT, env=settings_of_processes, stdout=output, stderr=subprocess.STDOUT)
        try:
            until = time.monotonic() + 90
            while states(settings_of_processes) != ["sent"] and time.monotonic() < until:
                time.sleep(0.1)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(60) == 0
        finally:
            worker.kill()
            worker.wait()
    assert states(settings_of_processes) == ["sent"]
    records = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert [record for record in records if "mfa.delivery.tasks.deliver" in record["message"]]
    assert not [record for record in records if record["level"] in ("ERROR", "CRITICAL")]
    assert "alice@example.test" not in log.read_text()
