from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings, strategies

from mfa.authlog import foreign, results

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
