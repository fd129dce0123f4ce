"""What the project claims of its security has a test, each."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def claims() -> list[dict[str, str]]:
    with (ROOT / "docs" / "security-rows.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.service("processes")
def test_every_claimed_row_has_a_test() -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    command = [sys.executable, "bin/security-rows"]
    done = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, timeout=170, check=False)
    assert "Claimed without a test: none." in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.returncode == 0


def test_every_row_is_claimed_once_in_one_sentence() -> None:
    rows = [line["row"] for line in claims()]
    assert len(rows) == len(set(rows))
    for line in claims():
        assert re.fullmatch(r"[ANTF]-[0-9]+(\.[0-9]+)*[a-z]?", line["row"])
        assert re.fullmatch(r"[A-Z].{10,150}\.", line["claim"]), line
