"""An undo killed at each of its writes, then begun again: the same end as one that nobody killed. On both databases."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.accounts.directory.test_killed_runs import Place, after, finished, sync
from tests.portal.commands import ROOT

pytestmark = pytest.mark.service("processes")


class Applied(Place):
    """A portal in which the second run has just changed names, numbers and people."""

    def __init__(self, folder: Path, postgres: object) -> None:
        super().__init__(folder, postgres)  # type: ignore[arg-type]
        finished(sync(self.settings, after(folder)))


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def applied(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Applied:
    postgres = request.getfixturevalue("postgres") if request.param == "postgres" else None
    return Applied(tmp_path_factory.mktemp(request.param), postgres)


@pytest.fixture(scope="module")
def clean(applied: Applied) -> list[list[str]]:
    """Everybody after an undo that nobody killed."""
    people: list[list[str]] = finished(undo(applied.fresh()))["people"]  # type: ignore[assignment]
    return people


def undo(settings: dict[str, str], *, die_after: int = 0, minutes: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.accounts.directory.killed_undo", str(die_after), str(minutes)]
    return subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.row("F-06")
def test_undo_killed_at_each_of_its_writes_and_begun_again_ends_as_a_clean_one(
    applied: Applied, clean: list[list[str]]
) -> None:
    """One portal after the other: each victim writes one batch more than the one before, until one is not killed."""
    settings = applied.fresh()
    for writes in range(1, 20):
        victim = undo(settings, die_after=2, minutes=3 * writes)
        victim.communicate(timeout=60)
        if victim.returncode == 0:
            break
        assert victim.returncode == -signal.SIGKILL
    report = finished(undo(settings, minutes=90))
    assert writes > 3
    assert report["state"] == "done"
    assert report["people"] == clean
