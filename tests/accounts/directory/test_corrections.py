"""Suggestions on their way back into the directory, with OpenLDAP's own ldapmodify."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from accounts.directory import corrections, report
from accounts.models import SyncProblem, SyncRun, User
from tests.accounts.directory.places import run
from tests.services.servers.people import person
from tests.services.slapd import Slapd

pytestmark = pytest.mark.django_db
NUMBER = "+491701234504"


def lines_for(**columns: object) -> str:
    values: dict[str, object] = {
        "username": "alice", "dn": "uid=alice,dc=x", "attribute": "mobile", "reason": "extension", "value": "0170 x",
        "exact": "0170 x", "suggestion": NUMBER,
    }  # fmt: skip
    SyncProblem.objects.create(run=SyncRun.objects.create(trigger="shell", state="done"), **(values | columns))
    head, _, rest = "".join(corrections.lines(report.open_problems())).partition("with the next.\n")
    assert head.startswith("version: 1\n# ")
    return rest


def ldapmodify(directory: Slapd, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        "ldapmodify", "-H", directory.ldaps_url, "-x", "-D", directory.root_dn, "-w", directory.root_password,
        "-f", str(file), *options,
    ]  # fmt: skip
    environment = os.environ | {"LDAPTLS_CACERT": str(directory.ca_file)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def loaded(directory: Slapd) -> None:
    """People whose numbers only need to be written properly, and one that nobody can guess."""
    directory.load(
        person("ext", {"mobile": "0170 1234504 ext. 12"})
        + person("twice", {"mobile": ["0170 1234505 ext. 1", "0170-1234505 ext. 2"]})
        + person("has", {"mobile": ["0170 1234506", "0170 1234506 ext. 3"]})
        + person("umlaut", {"mobile": "0170 1234507 ext. 4", "cn": "Zoë"}).replace("uid=umlaut,", "cn=Zo\\C3\\AB,", 1)
        + person("junk", {"mobile": "ask the secretary"})
    )


@pytest.mark.row("T-55")
def test_corrections_go_into_a_real_directory_and_the_next_run_reads_them_as_clean(
    directory: Slapd, tmp_path: Path
) -> None:
    loaded(directory)
    run()
    assert report.open_problems().exclude(suggestion="").count() == 5
    table, changes = tmp_path / "problems.csv", tmp_path / "corrections.ldif"
    call_command("directory_report", problems=table, corrections=changes)
    assert table.stat().st_mode & 0o777 == changes.stat().st_mode & 0o777 == 0o600
    assert "ask the secretary" in table.read_text()
    done = ldapmodify(directory, changes)
    assert done.returncode == 0, done.stderr
    run()
    assert list(report.open_problems().values_list("username", flat=True)) == ["junk"]
    numbers = dict(User.objects.values_list("username", "phone"))
    assert numbers == {
        "ext": "+491701234504", "twice": "+491701234505", "has": "+491701234506", "umlaut": "+491701234507", "junk": "",
    }  # fmt: skip


def test_an_entry_that_was_changed_meanwhile_is_not_overwritten(directory: Slapd, tmp_path: Path) -> None:
    loaded(directory)
    run()
    changes = tmp_path / "corrections.ldif"
    call_command("directory_report", corrections=changes)
    directory.modify(f"uid=ext,{directory.base}", mobile="+49 171 7654321")
    done = ldapmodify(directory, changes, "-c")
    assert done.returncode == 16, "noSuchAttribute: the value to delete is gone"
    run()
    assert User.objects.get(username="ext").phone == "+491717654321"
    assert User.objects.get(username="twice").phone == "+491701234505"


@pytest.mark.parametrize(("columns", "words"), [
    ({"suggestion": ""}, "extension"),
    ({"exact": ""}, "extension"),
    ({"dn": "uid=" + "x" * 996}, "extension"),
    ({"dn": "id of line 7"}, "extension"),
    ({"dn": "uid=\N{REPLACEMENT CHARACTER},dc=x"}, "extension"),
    ({"value": "1\n2", "exact": ""}, r"mobile '1\n2'"),
    ({"username": "zoë\u2028", "exact": ""}, r"zo\xeb\ufffd: "),
])  # fmt: skip
def test_what_is_not_certain_is_left_to_a_person(columns: dict[str, str], words: str) -> None:
    lines = lines_for(**columns)
    assert "changetype" not in lines
    [remark] = lines.strip().splitlines()
    assert remark.startswith("# By hand: ")
    assert remark.isascii()
    assert words in remark


@pytest.mark.parametrize(("exact", "line"), [
    ("0170 x", "mobile: 0170 x"),
    (" 0170", "mobile:: IDAxNzA="),
    ("0170 ", "mobile:: MDE3MCA="),
    (":0170", "mobile:: OjAxNzA="),
    ("<0170", "mobile:: PDAxNzA="),
    ("0170\n-\ndelete: uid", "mobile:: MDE3MAotCmRlbGV0ZTogdWlk"),
    ("٠١٧٠", "mobile:: 2aDZodmn2aA="),
])  # fmt: skip
def test_a_value_is_written_so_that_it_is_read_as_itself(exact: str, line: str) -> None:
    assert f"\n{line}\n-\n" in lines_for(exact=exact)


def test_a_dn_cannot_smuggle_another_change_in() -> None:
    assert "dn:: dWlkPWEKY2hhbmdldHlwZTogZGVsZXRl\nchangetype: modify\n" in lines_for(dn="uid=a\nchangetype: delete")


def test_a_file_that_cannot_be_written_is_named(settings: LazySettings, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        call_command("directory_report", problems=tmp_path / "nowhere" / "problems.csv")


def test_a_number_that_the_entry_has_already_is_not_added_again(make_user: Callable[..., User]) -> None:
    alice = make_user("alice", directory_phone=NUMBER)
    assert lines_for(user=alice).endswith("changetype: modify\ndelete: mobile\nmobile: 0170 x\n-\n")


def test_two_values_with_one_suggestion_become_one_value() -> None:
    SyncProblem.objects.create(
        run=SyncRun.objects.create(trigger="shell", state="done"), username="alice", dn="uid=alice,dc=x",
        attribute="mobile", reason="extension", value="0170 y", exact="0170 y", suggestion=NUMBER,
    )  # fmt: skip
    lines = lines_for()
    assert lines.count("dn: ") == 1
    assert lines.count("delete: mobile") == 2
    assert lines.count(f"add: mobile\nmobile: {NUMBER}") == 1
