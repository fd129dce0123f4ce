"""The sync at a shell."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from accounts.models import SyncRun, User
from mfa.models import AuditEvent
from tests.mfa.doors import give_role
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


def ldif(folder: Path, *rows: tuple[str, str]) -> str:
    path = folder / "people.ldif"
    path.write_text("".join(person(uid, {"entryUUID": f"id-{uid}", "mobile": mobile}) for uid, mobile in rows))
    return str(path)


CROWD = [(f"p{number:02d}", f"+4917012345{number:02d}") for number in range(30)]


@pytest.fixture
def admin(make_user: Callable[..., User]) -> User:
    return give_role(make_user("root"), "admin")


@pytest.fixture
def stopped(tmp_path: Path) -> SyncRun:
    """A run that a guard stopped because most people were gone."""
    command("--ldif", ldif(tmp_path, *CROWD))
    with pytest.raises(CommandError, match="would be deactivated"):
        command("--ldif", ldif(tmp_path, *CROWD[:5]))
    return SyncRun.objects.latest("pk")


def test_dry_run_shows_some_of_each_kind_and_how_many_there_are(tmp_path: Path) -> None:
    command("--ldif", ldif(tmp_path, *CROWD))
    path = ldif(tmp_path, ("p00", "+491719999999"), *CROWD[1:], *((f"new{n:02d}", "") for n in range(12)))
    printed = command("--dry-run", "--ldif", path)
    assert "number changed: 1\n    p00: phone +491701234500 -> +491719999999 [international]" in printed
    assert "created: 12" in printed
    assert "... and 2 more" in printed
    assert printed.count("new") == 3 * 10, "user name, address and DN"
    assert "phone +491701234500" not in command("--dry-run", "--show", "0", "--ldif", path)


def test_rows_of_a_plan_as_json_lines(tmp_path: Path) -> None:
    told, *rows = command("--dry-run", "--json", "--show", "100", "--ldif", ldif(tmp_path, *CROWD)).splitlines()
    assert json.loads(told)["counts"]["views"] == {"created": 30}
    assert len(rows) == 30
    assert json.loads(rows[0])["new"]["phone"] == "+491701234500"


@pytest.mark.row("T-52")
def test_stopped_plan_is_applied_by_a_named_admin_once(tmp_path: Path, stopped: SyncRun, admin: User) -> None:
    path = ldif(tmp_path, *CROWD[:5])
    printed = command("--confirm", str(stopped.pk), "--actor", "root", "--reason", "closed", "--ldif", path)
    assert "deactivated: 25" in printed
    done = SyncRun.objects.latest("pk")
    assert (done.confirms, done.actor, done.trigger) == (stopped, admin, "shell")
    event = AuditEvent.objects.get(action="sync.confirmed")
    assert (event.actor, event.reason, event.details) == (admin, "closed", {"run": stopped.pk})
    with pytest.raises(CommandError, match="applied already"):
        command("--confirm", str(stopped.pk), "--actor", "root", "--ldif", path)


@pytest.mark.row("T-52")
def test_another_plan_than_the_confirmed_one_stops_and_is_shown(tmp_path: Path, stopped: SyncRun, admin: User) -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="no longer as it was") as refused:
        call_command(
            "sync_directory", "--confirm", str(stopped.pk), "--actor", "root", "--ldif", ldif(tmp_path, *CROWD[:4]),
            stdout=out,
        )  # fmt: skip
    assert refused.value.returncode == 2
    assert "deactivated: 26" in out.getvalue()
    assert User.objects.filter(is_active=False).count() == 0


@pytest.mark.row("T-50")
def test_empty_directory_cannot_be_confirmed(tmp_path: Path, admin: User) -> None:
    command("--ldif", ldif(tmp_path, *CROWD))
    with pytest.raises(CommandError, match="nobody at all"):
        command("--ldif", ldif(tmp_path))
    empty = SyncRun.objects.latest("pk")
    with pytest.raises(CommandError, match="nobody at all") as refused:
        command("--confirm", str(empty.pk), "--actor", "root", "--ldif", ldif(tmp_path))
    assert refused.value.returncode == 2
    assert User.objects.filter(is_active=False).count() == 0


@pytest.mark.parametrize(("arguments", "words"), [
    ((), "Name the admin"),
    (("--actor", "nobody"), "Name the admin"),
    (("--actor", "p00"), "Name the admin"),
    (("--actor", "root", "--dry-run"), "dry run confirms nothing"),
])  # fmt: skip
def test_nobody_without_the_right_confirms(
    stopped: SyncRun, admin: User, arguments: tuple[str, ...], words: str
) -> None:
    with pytest.raises(CommandError, match=words):
        command("--confirm", str(stopped.pk), *arguments)
    assert SyncRun.objects.count() == 2


def test_a_run_is_taken_back_at_a_shell(tmp_path: Path, admin: User) -> None:
    command("--ldif", ldif(tmp_path, *CROWD))
    command("--ldif", ldif(tmp_path, *CROWD, ("dora", "")))
    latest = SyncRun.objects.latest("pk")
    assert "deactivated: 1" in command("--undo", str(latest.pk), "--actor", "root", "--show", "5")
    assert not User.objects.get(username="dora").is_active
    assert AuditEvent.objects.get(action="sync.undone").details == {"run": latest.pk}
    with pytest.raises(CommandError, match="There is no run 99999"):
        command("--undo", "99999", "--actor", "root")
    dry = json.loads(command("--dry-run", "--json", "--ldif", ldif(tmp_path, *CROWD)))["run"]
    with pytest.raises(CommandError, match="nothing to undo"):
        command("--undo", str(dry), "--actor", "root")
