"""The report that leaves the portal as a file."""

from __future__ import annotations

import csv

import pytest

from accounts.directory import report
from accounts.directory.entries import WORDS, Flaw
from accounts.models import SyncProblem
from accounts.phones import Reason


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x")', "+1+2", "-1", "@SUM(A1)", "\t=1", "  =1", "\r=1"])
def test_formula_stays_text(text: str) -> None:
    assert report.safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "alice", "+491701234567", "0170-1234567"])
def test_ordinary_cell_stays_as_it_is(text: str) -> None:
    assert report.safe_cell(text) == text


def test_csv_has_a_header_and_plain_words() -> None:
    problem = SyncProblem(
        username="alice", dn="uid=alice,dc=x", attribute="mobile", value="=1", reason="landline", suggestion="+491701"
    )
    rows = list(csv.reader("".join(report.problems_csv([problem])).splitlines()))
    assert rows[0] == list(report.HEADER)
    assert rows[1] == ["alice", "uid=alice,dc=x", "mobile", "'=1", "landline", Reason.LANDLINE.words, "'+491701"]


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(Flaw)
    assert all(report.words(reason) != reason for reason in [*Flaw, *Reason])
    assert report.words("unheard of") == "unheard of"
