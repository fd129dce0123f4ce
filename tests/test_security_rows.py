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
BESIDE = (folder / "shared" / "SECURITY.md" for folder in ROOT.parents)
YARDSTICK = next((file for file in BESIDE if file.is_file()), None)
"""The rows themselves, which are no part of the product; only where the project is at home."""


def claims() -> list[dict[str, str]]:
    with (ROOT / "docs" / "security-rows.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def declined() -> list[str]:
    """The rows that docs/security.md says are not claimed."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    table = text.partition("## Rows that are not claimed, and why\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| ([NTF]-[0-9]+[a-z]?) \(", table, re.MULTILINE)


def test_no_row_is_claimed_and_declined() -> None:
    assert declined()
    assert not set(declined()) & {line["row"] for line in claims()}


@pytest.mark.skipif(YARDSTICK is None, reason="the yardstick is not part of the product")
def test_every_row_of_the_yardstick_is_claimed_or_declined_with_its_reason() -> None:
    assert YARDSTICK is not None
    named = re.findall(r"^\| ([NTF]-[0-9]+[a-z]?) \|", YARDSTICK.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(named) > 100
    assert set(named) == {line["row"] for line in claims() if line["row"][0] != "A"} | set(declined())


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
