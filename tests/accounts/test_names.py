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


@pytest.mark.parametrize("name", ["ali\u200bce", "\u202ealice", "ali\u00adce", "ali\u3164ce", "alice\ufe0f", "al\tice"])
def test_a_name_with_what_nobody_sees_is_told_from_one_without(name: str) -> None:
    assert names.has_hidden(name)


@pytest.mark.parametrize("name", ["alice", " Alice ", "álice", "ａｌｉｃｅ", "van der Zee", "山田", "नेहा", "alice\n"])
def test_a_name_of_letters_of_any_script_hides_nothing(name: str) -> None:
    assert not names.has_hidden(name)


@pytest.mark.parametrize(
    "typed", ["EXAMPLE\\alice", "example\\alice", "alice@Example.org", "EXAMPLE\\alice@example.org"]
)
def test_a_domain_that_is_known_is_left_off(typed: str) -> None:
    assert names.without_domain(typed, ["EXAMPLE", "example.org"]) == "alice"


@pytest.mark.row("T-33")
@pytest.mark.parametrize(
    "typed", ["alice@other.org", "OTHER\\alice", "alice", "@example.org", "EXAMPLE\\", "a@example.org@x"]
)
def test_a_name_of_another_domain_is_somebody_else(typed: str) -> None:
    assert names.without_domain(typed, ["EXAMPLE", "example.org"]) == typed


@pytest.mark.row("T-69")
def test_a_name_is_cut_before_any_unicode_work() -> None:
    assert len(names.normalise("\ufdfa" * 100_000)) <= names.LONGEST
