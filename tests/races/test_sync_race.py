"""Directory runs beside people, admins and code checks, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.races.harness import ROOT, Portal

pytestmark = [pytest.mark.service("postgres"), pytest.mark.timeout(300)]


def at_work(portal: Portal, module: str, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT, env=portal.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.row("F-19")
def test_of_a_run_and_a_person_who_change_one_number_at_once_one_whole_change_counts(portal: Portal) -> None:
    found = at_work(portal, "tests.races.one_number")
    assert found["errors"] == []
    own = {"number": "+49151", "source": "self", "confirmed": True, "by the run": False, "trail": ["self"]}
    theirs = {"number": "+49170", "source": "directory", "confirmed": False, "by the run": True, "trail": ["directory"]}
    assert all(one in (own, theirs) for one in found["raced"])
    people, counts = found["raced"].count(own), found["counts"]
    assert counts.get("own", 0) == counts.get("left for the next run", 0) == people
    assert counts.get("Expired", 0) == len(found["raced"]) - people, "whoever lost to the run is told"
    assert found["announced"] == people, "what the run lost waits, on record"


@pytest.mark.row("F-09")
def test_changes_resets_runs_and_checks_at_once_leave_what_some_order_of_them_leaves(portal: Portal) -> None:
    """Some seconds here; `python -m bench soak --minutes 10` goes on for longer."""
    found = at_work(portal, "tests.races.soak", "15")
    assert (found["errors"], found["broken"]) == ([], [])
    assert found["slowest"] < 30
    done = {"change_number: changed", "reset: reset", "set_up_an_app: added", "check_a_code: accepted"}
    assert done | {"read_the_directory: done"} <= set(found["counts"]), found["counts"]
