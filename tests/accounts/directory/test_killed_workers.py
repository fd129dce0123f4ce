"""A worker killed in the middle of a run: the next one notices, goes on, and everybody is there once."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.portal.commands import ROOT, environment, manage
from tests.portal.tables import ask, make_tables
from tests.services.servers.processes import ServerProcess
from tests.services.slapd import Slapd

COUNT = 3000
CELERY = [sys.executable, "-m", "celery", "--app", "portal", "--quiet"]
ASK = """
from celery import current_app
current_app.send_task("accounts.tasks.{job}")
"""
HOLD = f"""
CREATE TRIGGER hold AFTER UPDATE OF step ON accounts_syncrun WHEN NEW.step = 'planning'
BEGIN SELECT COUNT(*) FROM {", ".join(f"django_migrations m{n}" for n in range(8))}; END
"""
"""Keeps a run at the end of its reading: the count of all combinations never ends."""


class Portal:
    """A migrated portal on SQLite and the embedded broker, with the directory in its settings."""

    def __init__(self, folder: Path, slapd: Slapd) -> None:
        directory = {
            "LDAP_URL": slapd.url, "LDAP_CA_FILE": str(slapd.ca_file), "LDAP_BIND_DN": slapd.bind_dn,
            "LDAP_BIND_PASSWORD": slapd.password, "LDAP_USER_BASE": slapd.base, "LDAP_PAGE_SIZE": "50",
        }  # fmt: skip
        self.settings = environment(folder, directory)
        self._log = folder / "worker.log"
        make_tables(self.settings)

    def send(self, job: str) -> None:
        done = manage("shell", "-c", ASK.format(job=job), settings=self.settings)
        assert done.returncode == 0, done.stderr

    def rows(self, question: str) -> list[tuple[object, ...]]:
        return ask(self.settings, question)

    @contextlib.contextmanager
    def worker(self) -> Iterator[ServerProcess]:
        command = [*CELERY, "worker", "--concurrency", "1", "--loglevel", "INFO"]
        process = ServerProcess(command, log=self._log, environment=self.settings, folder=ROOT)
        try:
            process.start()
            yield process
        finally:
            process.stop()


def wait_for(ready: Callable[[], bool], process: ServerProcess) -> None:
    until = time.monotonic() + 90
    while not ready():
        assert process.running, process.last_lines()
        assert time.monotonic() < until, process.last_lines()
        time.sleep(0.01)


@pytest.mark.row("F-06")
def test_run_of_a_killed_worker_is_gone_on_with_by_the_next(directory: Slapd, tmp_path: Path) -> None:
    directory.generate_people(COUNT)
    portal = Portal(tmp_path, directory)
    portal.rows(HOLD)
    with portal.worker() as worker:
        portal.send("sync_directory")
        wait_for(lambda: portal.rows("SELECT step FROM accounts_syncrun") == [("reading",)], worker)
        worker.kill()
    portal.rows("DROP TRIGGER hold")
    assert portal.rows("SELECT state FROM accounts_syncrun") == [("running",)]
    portal.rows("UPDATE accounts_syncrun SET heartbeat_at = datetime('now', '-3 minutes')")
    with portal.worker() as worker:
        portal.send("resume_killed")
        wait_for(lambda: ("done",) in portal.rows("SELECT state FROM accounts_syncrun"), worker)
    assert portal.rows("SELECT state FROM accounts_syncrun ORDER BY id")[:2] == [("killed",), ("done",)]
    people = portal.rows("SELECT COUNT(*), COUNT(DISTINCT directory_id), COUNT(DISTINCT phone) FROM accounts_user")
    assert people == [(COUNT, COUNT, COUNT)]
    assert portal.rows("SELECT COUNT(*) FROM accounts_syncchange WHERE kind = 'created'") == [(COUNT,)]
