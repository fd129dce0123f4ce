from __future__ import annotations

import pytest

from accounts import names


@pytest.mark.row("T-11b")
@pytest.mark.parametrize(
    "typed", ["alice", "Alice", " alice ", "ALICE", "ａｌｉｃｅ", "ali\u200bce", "\u202ealice", "alice\0"]
)
def test_every_spelling_of_a_name_is_one_name(typed: str) -> None:
    assert names.normalise(typed) == "alice"


@pytest.mark.row("T-11b")
def test_a_name_with_another_letter_is_another_name() -> None:
    assert names.normalise("álice") != "alice"


@pytest.mark.row("T-69")
def test_a_name_is_cut_before_any_unicode_work() -> None:
    assert len(names.normalise("\ufdfa" * 100_000)) <= names.LONGEST
