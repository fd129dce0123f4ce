"""A run killed anywhere, then a new one: the same end as a run that nobody killed. Processes, on both databases."""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.portal.commands import ROOT, environment
from tests.portal.tables import make_tables
from tests.services.servers.people import person
from tests.services.servers.postgres import Postgres

pytestmark = pytest.mark.service("processes")

COUNT = 200
SETTINGS = {"SYNC_MAX_PEOPLE_LOST": "100%, 0", "SYNC_MAX_NUMBERS_CHANGED": "100%, 0", "LDAP_URL": ""}


def ldif(folder: Path, name: str, people: Iterable[tuple[str, str, str]]) -> Path:
    path = folder / name
    path.write_text("".join(person(uid, {"entryUUID": key, "mobile": mobile}) for key, uid, mobile in people))
    return path


def before(folder: Path) -> Path:
    return ldif(folder, "a.ldif", ((f"id-{n}", f"p{n}", f"+49170{1000000 + n}") for n in range(COUNT)))


def after(folder: Path) -> Path:
    """Neighbours swap names, every third number changes, the last fifth has left, as many are new."""
    rows = []
    for number in (*range(COUNT - 40), *range(COUNT, COUNT + 40)):
        prefix = "+49171" if number % 3 == 0 else "+49170"
        rows.append((f"id-{number}", f"p{number ^ 1 if number < 60 else number}", f"{prefix}{1000000 + number}"))
    return ldif(folder, "b.ldif", rows)


class Place:
    """A portal with people; `fresh` gives the settings of an untouched copy of it."""

    def __init__(self, folder: Path, postgres: Postgres | None) -> None:
        self.folder, self.postgres, self.copies = folder, postgres, 0
        self.name = f"killed_{secrets.token_hex(4)}"  # one server serves several modules
        url = postgres.create_database(self.name) if postgres else f"sqlite:///{folder / 'first.sqlite3'}"
        self.settings = environment(folder / "data", {**SETTINGS, "DATABASE_URL": url})
        make_tables(self.settings)
        finished(sync(self.settings, before(folder)))

    def fresh(self) -> dict[str, str]:
        self.copies += 1
        if self.postgres is None:
            path = self.folder / f"copy{self.copies}.sqlite3"
            shutil.copy(self.folder / "first.sqlite3", path)
            return {**self.settings, "DATABASE_URL": f"sqlite:///{path}"}
        name = f"{self.name}_{self.copies}"
        with psycopg.connect(self.postgres.url, autocommit=True) as link:
            copied = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            link.execute(copied.format(sql.Identifier(name), sql.Identifier(self.name)))
        return {**self.settings, "DATABASE_URL": self.postgres.url_of(name)}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Place:
    postgres = request.getfixturevalue("postgres") if request.param == "postgres" else None
    return Place(tmp_path_factory.mktemp(request.param), postgres)


@pytest.fixture(scope="module")
def clean(place: Place) -> list[list[str]]:
    """Everybody after two runs that nobody killed."""
    settings = place.fresh()
    people: list[list[str]] = finished(sync(settings, after(place.folder)))["people"]  # type: ignore[assignment]
    return people


def sync(settings: dict[str, str], path: Path, *, die_after: int | str = 0, minutes: int = 0) -> subprocess.Popen[str]:
    """`die_after` is a number of writes, or a step of tests.accounts.directory.killed_run."""
    command = [sys.executable, "-m", "tests.accounts.directory.killed_run", str(path), str(die_after), str(minutes)]
    return subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process: subprocess.Popen[str]) -> dict[str, object]:
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    report: dict[str, object] = json.loads(out)
    return report


@pytest.mark.row("F-06")
@pytest.mark.row("F-22")
@pytest.mark.parametrize("writes", [1, 3, 5])
def test_killed_run_and_a_new_one_end_as_a_clean_run(place: Place, clean: list[list[str]], writes: int) -> None:
    settings = place.fresh()
    victim = sync(settings, after(place.folder), die_after=writes)
    victim.communicate(timeout=60)
    assert victim.returncode == -signal.SIGKILL
    report = finished(sync(settings, after(place.folder), minutes=3))
    assert (report["state"], report["killed"]) == ("done", 1)
    assert report["people"] == clean


@pytest.mark.row("F-06")
def test_run_killed_at_each_step_around_its_writes_and_begun_again_ends_as_a_clean_one(
    place: Place, clean: list[list[str]]
) -> None:
    """One portal after the other: while it reads, before it writes, after all is written, and in its last words."""
    settings = place.fresh()
    steps = ("reading", "planning", "writing", "ending")
    for number, step in enumerate(steps, start=1):
        victim = sync(settings, after(place.folder), die_after=step, minutes=3 * number)
        victim.communicate(timeout=60)
        assert victim.returncode == -signal.SIGKILL, step
    report = finished(sync(settings, after(place.folder), minutes=30))
    assert (report["state"], report["killed"], report["people"]) == ("done", len(steps), clean)


@pytest.mark.row("F-06")
def test_second_run_killed_as_well_changes_nothing_about_the_end(place: Place, clean: list[list[str]]) -> None:
    settings = place.fresh()
    for minutes in (0, 3):
        victim = sync(settings, after(place.folder), die_after=2, minutes=minutes)
        victim.communicate(timeout=60)
        assert victim.returncode == -signal.SIGKILL
    assert finished(sync(settings, after(place.folder), minutes=6))["people"] == clean


@pytest.mark.row("T-55d")
def test_of_several_runs_at_the_same_moment_one_works(place: Place, clean: list[list[str]]) -> None:
    settings = place.fresh()
    runs = [sync(settings, after(place.folder)) for _ in range(3)]
    results = [(run.communicate(timeout=90), run.returncode) for run in runs]
    done = [json.loads(out) for (out, _), code in results if code == 0]
    assert done
    assert all(report["people"] == clean for report in done)
    assert all("AlreadyRunning" in error for (_, error), code in results if code)
