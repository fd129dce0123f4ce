from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings, strategies

from mfa.authlog import foreign, results
from mfa.authlog.encodings import LONGEST_LINE, lines_of

LOG = r"""2024-05-06T07:08:09.100000Z|i|1204|11|pfsvc|Calling pfAuthUser('EXAMPLE\alice', '', 1)
2024-05-06T07:08:10.000000Z|i|1204|12|pfsvc|Calling pfAuthUser('EXAMPLE\\bob', '', 1)
2024-05-06T07:08:12.000000Z|i|1204|11|pfsvc|rawCallStatus = 3
2024-05-06T07:08:12.100000Z|i|1204|11|pfsvc|authResult = 21
2024-05-06T07:08:19.000000Z|i|1204|12|pfsvc|authResult = 129
something else altogether
2024-05-06T07:08:20.000000Z|i|1204|11|pfsvc|Calling pfAuthUser('example\Alice', '', 1)
2024-05-06T07:08:27.100000Z|i|1204|11|pfsvc|authResult = 21
2024-05-06T07:08:30.000000Z|i|1204|13|pfsvc|Calling pfAuthUser('carol', '', 1)
"""


def test_results_belong_to_the_call_of_the_same_thread() -> None:
    reading = foreign.read(LOG.splitlines())
    found = [(one.person, one.result, one.raw) for one in reading.requests]
    assert found == [("alice", 21, 3), ("bob", 129, None), ("alice", 21, None), ("carol", None, None)]
    assert (reading.lines, reading.readable) == (9, 8)


def test_who_was_asked_twice_is_marked_with_the_seconds_between() -> None:
    reading = foreign.read(LOG.splitlines())
    assert foreign.mark_doubles(reading.requests, within=timedelta(seconds=60), accepted=results.accepting()) == 1
    assert [one.seconds_since for one in reading.requests] == [None, None, 15.0, None]
    again = foreign.read(LOG.splitlines())
    assert foreign.mark_doubles(again.requests, within=timedelta(seconds=10), accepted=results.accepting()) == 0


def test_every_number_of_the_field_has_its_words_and_no_refusal_counts_as_accepted() -> None:
    assert results.meaning(140) == "OATH Code Out Of Date"
    assert results.meaning(-104) == "Trusted IP"
    assert results.meaning(1012) == "No Second Factor Enrolled"
    assert results.meaning(4711) == "Unknown Result 4711"
    assert {1, 6, 8, 9, 19, 21, 23} <= results.accepting()
    assert not results.accepting() & {14, 20, 22, 105, 138, 139, 140, -101}


@given(strategies.text())
@settings(max_examples=50)
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    foreign.read(text.splitlines())


def test_the_command_prints_words_and_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "radius.log"
    file.write_text(LOG)
    call_command("explain_log", str(file))
    printed = capsys.readouterr().out
    assert "Mobile App Authenticated  ASKED TWICE: 15 s" in printed
    assert "Mobile App Denied" in printed
    assert "4 requests in 9 lines; 1 asked twice." in printed
    call_command("explain_log", str(file), "--json")
    assert json.loads(capsys.readouterr().out.splitlines()[1])["meaning"] == "Mobile App Denied"


def test_the_command_says_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "other.log").write_text("nothing\n")
    for name in ("other.log", "missing.log"):
        with pytest.raises(CommandError):
            call_command("explain_log", str(tmp_path / name))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_log_is_read_in_the_encoding_its_service_wrote(encoding: str, end: str) -> None:
    name = "Jürgen Groß" if encoding == "cp1252" else "Вера Müller \u0a0a"
    log = LOG.replace("carol", name).replace("\n", end)
    reading = foreign.read(lines_of(io.BytesIO(log.encode(encoding))))
    assert [one.username for one in reading.requests] == [r"EXAMPLE\alice", r"EXAMPLE\bob", r"example\Alice", name]
    assert (reading.lines, reading.readable, reading.requests[0].at) == (9, 8, datetime(2024, 5, 6, 7, 8, 9, 100000))


def test_lines_of_two_encodings_in_one_file_are_each_read_as_they_are() -> None:
    both = "über UTF-8\n".encode() + "über Windows\n".encode("cp1252") + b"\x81\n"
    assert list(lines_of(io.BytesIO(both))) == ["über UTF-8", "über Windows", "\ufffd"]


@given(strategies.binary(max_size=400))
@settings(max_examples=200)
def test_no_bytes_are_too_odd_to_be_read(content: bytes) -> None:
    foreign.read(lines_of(io.BytesIO(content)))


def test_a_line_without_an_end_comes_in_pieces_and_is_no_burden() -> None:
    pieces = list(lines_of(io.BytesIO(b"x" * 200_000)))
    assert (len(pieces), sum(map(len, pieces))) == (4, 200_000)


def line(second: float, thread: int, message: str, process: int = 1204) -> str:
    at = datetime(2024, 5, 6) + timedelta(seconds=second)
    return f"{at.isoformat(timespec='microseconds')}Z|i|{process}|{thread}|pfsvc|{message}"


def called(name: str) -> str:
    return f"Calling pfAuthUser('{name}', '', 1)"


def test_a_result_without_its_call_is_given_to_nobody() -> None:
    reading = foreign.read([
        line(0, 1, "authResult = 21"),  # the log begins within a request
        line(1, 1, called(r"EXAMPLE\ann")), line(2, 1, "rawCallStatus = 0"), line(3, 1, "authResult = 138"),
        line(4, 1, "authResult = 21"),  # the call before it was lost
        line(5, 1, called(r"EXAMPLE\ben")),
        line(6, 1, r"Calling pfAuthUser('EXAMPLE\ci"),  # cut
        line(7, 1, "authResult = 23"),
        line(8, 1, called(r"EXAMPLE\dan")), line(9, 1, "authRes"),
        line(10, 1, called(r"EXAMPLE\eve"), process=7), line(11, 1, "authResult = 23", process=7),
    ])  # fmt: skip
    found = [(one.person, one.result, one.raw) for one in reading.requests]
    assert found == [("ann", 138, 0), ("ben", None, None), ("dan", None, None), ("eve", 23, None)]
    assert reading.orphans == 3


@pytest.mark.parametrize("name", ["o'brien", "o''brien", "x, y", r"a\'b", "ann@example.test", "", "a|b"])
def test_names_with_marks_of_the_form_in_them_are_read_whole(name: str) -> None:
    (request,) = foreign.read([line(0, 1, called(name)), line(1, 1, "authResult = 23")]).requests
    assert (request.username, request.result) == (name.replace("''", "'"), 23)


def test_a_long_log_of_many_threads_is_paired_to_the_last_request() -> None:
    """Threads take calls in turn and answer in another order; every third request is asked again after 9 seconds."""
    order, wanted, lines = Random(5), {}, list[tuple[float, str]]()
    codes = sorted(code for code in results.meanings() if code < 1000)
    for number in range(6_000):
        person, thread, start = f"user{number // 2}", number % 40, number // 40 * 30.0 + order.random()
        code = 21 if number % 6 < 2 else codes[number % len(codes)]
        start += 9 if number % 2 else 0
        lines.append((start, line(start, thread, called(f"EXAMPLE\\{person}"))))
        lines.append((start + 2, line(start + 2, thread, "rawCallStatus = 0")))
        lines.append((start + 5, line(start + 5, thread, f"authResult = {code}")))
        lines.append((start + 5, "a line of something else"))
        wanted[(person, number % 2)] = code
    reading = foreign.read(text for _at, text in sorted(lines))
    seen: dict[str, int] = {}
    for request in reading.requests:
        turn = seen.setdefault(request.person, 0)
        seen[request.person] += 1
        assert request.result == wanted[(request.person, turn)]
    assert (len(reading.requests), reading.lines, reading.readable) == (6_000, 24_000, 18_000)
    accepted = results.accepting()
    twice = sum(wanted[(f"user{n}", 0)] in accepted and wanted[(f"user{n}", 1)] in accepted for n in range(3_000))
    assert twice > 900
    assert foreign.mark_doubles(reading.requests, within=timedelta(seconds=60), accepted=accepted) == twice


def test_a_file_of_letters_that_hold_the_byte_of_a_line_feed_is_read_once_not_at_each_of_them() -> None:
    reads: list[int] = []

    class Counted(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            reads.append(size or 0)
            return super().readline(size)

        def read(self, size: int | None = -1, /) -> bytes:
            reads.append(size or 0)
            return super().read(size)

    letters = 150_000
    found = list(lines_of(Counted(b"\xff\xfe" + "\u010a".encode("utf-16-le") * letters)))
    assert len(reads) < 20
    assert sum(map(len, found)) == letters
    assert max(map(len, found)) <= 2 * LONGEST_LINE
