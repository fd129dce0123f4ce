"""Records read by other processes: the same results in the same order, and no process left behind."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from accounts import places
from accounts.directory.entries import Flaw, Sighting
from accounts.directory.parsing import BATCH, Parser, Read
from accounts.directory.readers.profiles import ACTIVE_DIRECTORY, OPENLDAP
from accounts.directory.readers.records import Raw, sight
from accounts.people import Person
from accounts.phones import Reason, Rules
from tests.accounts.directory.samples import MOBILE, entry, person, sighted

RULES = Rules("DE", frozenset({"DE", "FR"}), places=places.parse("FR: ou=paris,dc=example"))
MANY = BATCH * 4 + 7
Work = list[tuple[Sighting, Person | None]]

ODD: list[tuple[str, Raw]] = [
    ("uid=no-id", {"uid": [b"a"]}),
    ("uid=\udcff\x00,ou=paris,dc=example", {"entryUUID": [b"1-a"], "uid": [b"\xc3\xa9"], "mobile": [b"0612345678"]}),
    ("", {"ENTRYUUID": [b"2"], "UID": [b"b"], "Mobile": [b"junk\xff", b"", b"+49 30 123456"], "mail": [b"no address"]}),
    ("cn=two", {"entryUUID": [b"3"], "uid": [b"a", b"b"]}),
    ("cn=option", {"entryUUID": [b"4"], "uid": [b"c"], "mobile;lang-de": [b"0170 1234567"], "cn": [b"\xff"]}),
    ("cn=locked", {"entryUUID": [b"5"], "uid": [b"d"], "nsAccountLock": [b"TRUE"], "displayName": [b"D\r\nBcc: x"]}),
    ("cn=long", {"entryUUID": [b"6"], "uid": [b"e"], "mobile": [b"9" * 100_000], "telephoneNumber": [b"1"] * 100}),
]  # fmt: skip


def plain(number: int) -> tuple[str, Raw]:
    raw = {
        "entryUUID": [b"%08d" % number],
        "uid": [b"user%d" % number],
        "mobile": [b"0170 %07d" % (1_000_000 + number)],
    }
    return f"uid=user{number},dc=example", raw


def work(count: int = MANY) -> Work:
    found = [sight(*plain(number), OPENLDAP) for number in range(count)]
    for number, odd in enumerate(ODD):
        found[number * 97 % count] = sight(*odd, OPENLDAP)
    known = (person(directory_phone=MOBILE), person(), None)
    return [(sighting, known[number % 3]) for number, sighting in enumerate(found)]


def here(items: Work, rules: Rules = RULES) -> list[Read]:
    with Parser(rules, processes=0) as parser:
        parser.submit(items)
        return list(parser.finish())


def by_processes(items: Work, rules: Rules = RULES, *, processes: int = 2) -> list[Read]:
    with Parser(rules, processes=processes, few=0) as parser:
        found = []
        for start in range(0, len(items), 100):
            parser.submit(items[start : start + 100])
            found += parser.ready()
        return [*found, *parser.finish()]


def children() -> list[int]:
    return [int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]


@contextlib.contextmanager
def nobody_left_behind() -> Iterator[list[int]]:
    before = children()
    yield before
    assert [pid for pid in children() if pid not in before] == []


@pytest.mark.parametrize("rules", [RULES, Rules(None, frozenset(), True, strict=True)])
def test_processes_give_what_one_process_gives_in_the_same_order(rules: Rules) -> None:
    items = work()
    with nobody_left_behind():
        assert by_processes(items, rules) == here(items, rules)


def test_results_keep_their_reasons_and_their_types() -> None:
    found = by_processes(work(), processes=1)
    problems = [
        problem
        for read in found
        for parsed, _ in read.each
        for problem in ([parsed.record.problem] if parsed.choice is None else parsed.choice.problems)  # type: ignore[union-attr]
    ]
    assert {type(problem.reason) for problem in problems} == {Flaw, Reason}
    assert all(isinstance(problem, tuple) for problem in problems)


def test_reasons_of_records_and_of_numbers_are_never_the_same_word() -> None:
    assert not {str(flaw) for flaw in Flaw} & {str(reason) for reason in Reason}


def test_few_records_are_not_worth_a_process() -> None:
    items = work(BATCH)
    with nobody_left_behind() as before, Parser(RULES, processes=2, few=BATCH) as parser:
        parser.submit(items)
        assert parser.ready() == here(items)
        assert children() == before


def test_without_a_second_core_everything_is_read_here() -> None:
    with nobody_left_behind() as before, Parser(RULES, processes=0, few=0) as parser:
        parser.submit(work())
        assert children() == before
        assert [*parser.ready(), *parser.finish()] == here(work())


def test_records_that_cannot_travel_are_read_here() -> None:
    strange = [(sighted(entry(f"{number}", "a", MOBILE)), None) for number in range(BATCH)]
    other = [(sight(dn, raw, ACTIVE_DIRECTORY), None) for dn, raw in ODD]
    items = [*work(BATCH), *strange, *other, *work(BATCH), (sight(*ODD[1], replace(OPENLDAP, phones=("cn",))), None)]
    assert by_processes(items) == here(items)


def test_work_of_a_process_that_was_killed_is_done_here(caplog: pytest.LogCaptureFixture) -> None:
    items = work()
    with nobody_left_behind() as before, Parser(RULES, processes=2, few=0) as parser:
        parser.submit(items[:1000])
        for pid in children():
            if pid not in before:
                os.kill(pid, signal.SIGKILL)
        parser.submit(items[1000:])
        assert list(parser.finish()) == here(items)
    assert caplog.messages == ["a process that reads records ended early; its work is done here"] * 2


def test_processes_end_when_the_caller_fails() -> None:
    with (
        nobody_left_behind() as before,
        contextlib.suppress(ZeroDivisionError),
        Parser(RULES, processes=2, few=0) as parser,
    ):
        parser.submit(work())
        assert len(children()) == len(before) + 2
        raise ZeroDivisionError


def test_where_no_process_can_be_started_everything_is_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert by_processes(work()) == here(work())
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert by_processes(work()) == here(work())


def test_process_inherits_neither_environment_nor_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary")
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    with nobody_left_behind() as before, Parser(RULES, processes=1, few=0) as parser:
        parser.submit(work(BATCH))
        [pid] = [pid for pid in children() if pid not in before]
        assert list(parser.finish())
        assert b"canary" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert {file.name for file in Path(f"/proc/{pid}/fd").iterdir()} == {"0", "1", "2"}
    os.close(reading)
    os.close(writing)


SCRIPT = """
import os, sys, time
from tests.accounts.directory.test_parsing import RULES, Parser, children, work
parser = Parser(RULES, processes=2, few=0)
parser.submit(work())
print(*children(), flush=True)
time.sleep(60)
"""


def test_processes_end_when_the_one_that_asked_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True) as asking:
        assert asking.stdout
        pids = asking.stdout.readline().split()
        asking.kill()
    assert len(pids) == 2
    deadline = time.monotonic() + 60
    while any(is_at_work(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_at_work(pid: str) -> bool:
    """Whether a process exists and is more than an entry that nobody has collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def as_a_daemon() -> None:
    """What a worker of Celery is: a daemonic process, which may not have children of multiprocessing."""
    assert multiprocessing.current_process().daemon
    with Parser(RULES, processes=2, few=0) as parser:
        parser.submit(work())
        started = len(children())
        assert list(parser.finish()) == here(work())
    assert (started, children()) == (2, [])


def test_daemonic_processes_may_ask_too() -> None:
    worker = multiprocessing.get_context("spawn").Process(target=as_a_daemon, daemon=True)
    worker.start()
    worker.join(60)
    assert worker.exitcode == 0


def test_processes_know_no_django() -> None:
    code = "import sys, accounts.directory.parsing_process; sys.exit('django' in sys.modules or 'ldap' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
