"""The sample directory holds what real directories hold, and the demonstration stays out of production."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import ldif  # type: ignore[import-untyped]
import pytest
from pytest_django import Settings

from accounts import phones
from tests.portal.commands import ROOT, environment


@pytest.fixture
def entries(settings: Settings) -> dict[str, dict[str, list[bytes]]]:
    """The sample people by user name, as an LDIF parser reads them."""
    settings.DEBUG = True
    from demo import people  # refuses to be imported without DEBUG

    reader = ldif.LDIFRecordList(io.StringIO(people.ldif("reader's password", "people's password")))
    reader.parse()
    return {found["uid"][0].decode(): found for _, found in reader.all_records if "uid" in found}


def test_about_sixty_people_have_an_identity_each(entries: dict[str, dict[str, list[bytes]]]) -> None:
    assert 55 <= len(entries) <= 70
    assert len({entry["entryUUID"][0] for entry in entries.values()}) == len(entries)


def test_numbers_are_of_every_kind_that_a_sync_meets(entries: dict[str, dict[str, list[bytes]]]) -> None:
    values = [value.decode() for entry in entries.values() for value in entry.get("mobile", [])]
    read = [meaning(value) for value in values]
    assert len([number for number in read if isinstance(number, str)]) >= 35
    assert len({number[:3] for number in read if isinstance(number, str)}) >= 8
    assert len({reason for reason in read if isinstance(reason, phones.Reason)}) >= 6
    assert [entry for entry in entries.values() if "mobile" not in entry]
    assert [entry for entry in entries.values() if len(entry.get("mobile", [])) > 1]
    assert not all(uid.isascii() for uid in entries)


def meaning(value: str) -> str | phones.Reason:
    """The number in E.164, or why there is none."""
    try:
        return phones.normalise(value, region=None, rules=phones.Rules("DE", frozenset())).e164
    except phones.Unusable as refused:
        return refused.reason


@pytest.mark.row("T-73")
@pytest.mark.row("A-6.3.2", "A-13.4.2")
def test_demonstration_cannot_be_imported_in_production(tmp_path: Path) -> None:
    for module in ("demo", "demo.accounts", "demo.code", "demo.run"):
        command = [sys.executable, "-c", f"import {module}"]
        done = subprocess.run(command, cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("DEBUG: must be true for the demonstration")
        assert done.stderr.count("\n") == 1
