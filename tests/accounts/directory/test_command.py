"""The sync at a shell."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from accounts.models import SyncRun, User
from tests.services.servers.people import person
from tests.services.slapd import Slapd

pytestmark = pytest.mark.django_db


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("sync_directory", *arguments, stdout=out)
    return out.getvalue()


def test_directory_is_read_and_the_report_printed(directory: Slapd) -> None:
    directory.add_person("alice", mobile="0170 1234567")
    printed = command()
    assert "Directory run" in printed
    assert "created: 1" in printed
    assert User.objects.get().phone == "+491701234567"


def test_report_as_json(directory: Slapd) -> None:
    directory.add_person("alice", mobile="junk")
    report = json.loads(command("--json", "--dry-run"))
    assert (report["state"], report["dry_run"], report["counts"]["created"], report["counts"]["problems"]) == (
        "done", True, 1, 1,
    )  # fmt: skip
    assert not User.objects.exists()


def test_file_takes_the_place_of_the_directory(settings: LazySettings, tmp_path: Path) -> None:
    settings.LDAP_URL = ""
    path = tmp_path / "people.ldif"
    path.write_text(person("alice", {"entryUUID": "a1", "mobile": "0170 1234567"}))
    command("--ldif", str(path))
    assert User.objects.get().directory_id == "a1"


@pytest.mark.row("T-50")
def test_stopped_run_ends_with_two_and_the_reason(directory: Slapd) -> None:
    with pytest.raises(CommandError, match="nobody at all") as stopped:
        command("--json")
    assert stopped.value.returncode == 2


def test_failed_run_ends_with_one_and_the_reason(directory: Slapd) -> None:
    directory.stop()
    with pytest.raises(CommandError, match="cannot be reached") as failed:
        command()
    assert failed.value.returncode == 1


def test_run_at_work_and_missing_directory_end_with_one(directory: Slapd, settings: LazySettings) -> None:
    SyncRun.objects.create(trigger="schedule")
    with pytest.raises(CommandError, match="at work already") as refused:
        command()
    assert refused.value.returncode == 1
    settings.LDAP_URL = ""
    with pytest.raises(CommandError, match="neither LDAP_URL nor DIRECTORY_FILE is set"):
        command()


def test_missing_file_ends_with_one(settings: LazySettings, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"gone\.ldif cannot be read"):
        command("--ldif", str(tmp_path / "gone.ldif"))
    assert SyncRun.objects.get().state == SyncRun.State.FAILED


def test_no_bar_is_drawn_where_nobody_watches(directory: Slapd, capfd: pytest.CaptureFixture[str]) -> None:
    directory.add_person("alice")
    command("--json")
    assert capfd.readouterr().err == ""


def test_bar_is_drawn_on_a_terminal_with_each_step(directory: Slapd, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    directory.generate_people(5)
    command("--json")
    assert "reading" in screen.getvalue()
    assert "writing" in screen.getvalue()
