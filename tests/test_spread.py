"""How tests are spread over workers: what it says of files is true of those that are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures_asked import fixtures_of
from tests.spread import CUT, PIECES, TOGETHER, scope_of

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("start", [*CUT, *(start for starts in TOGETHER.values() for start in starts)])
def test_every_beginning_of_a_path_leads_to_tests(start: str) -> None:
    assert list(ROOT.glob(f"{start}*"))


def test_all_who_ask_for_the_domain_are_in_one_scope(request: pytest.FixtureRequest) -> None:
    """Of the tests that were collected with this one."""
    asking = [item.nodeid for item in request.session.items if "samba" in fixtures_of(item)]
    assert [nodeid for nodeid in asking if scope_of(nodeid) != "domain"] == []


def test_a_file_stays_whole_or_is_cut_in_so_many_pieces() -> None:
    whole = {scope_of(f"tests/mfa/test_roles.py::test[{number}]") for number in range(200)}
    cut = {scope_of(f"tests/sweeps/test_every_url.py::test[{number}]") for number in range(200)}
    assert (len(whole), len(cut)) == (1, PIECES)
