from __future__ import annotations

import json

import pytest

from bench.rows import Row, Target, as_json, as_table


@pytest.mark.parametrize(
    ("sign", "ratio", "holds"),
    [("<=", 2.0, True), ("<=", 2.01, False), (">=", 2.0, True), (">=", 1.99, False), ("=", 2.0, True), ("=", 1, False)],
)
def test_a_target_is_held_or_missed_by_the_ratio(sign: str, ratio: float, holds: bool) -> None:
    assert Row("speed", ratio * 10, 10, "s", Target(sign, 2)).holds is holds


def test_without_a_target_nothing_is_promised() -> None:
    row = Row("speed", 3, 2, "s")
    assert (row.ratio, row.holds) == (1.5, None)


@pytest.mark.parametrize("reference", [None, 0])
def test_without_a_reference_there_is_no_ratio_and_no_target_is_held(reference: float | None) -> None:
    row = Row("speed", 3, reference, "s", Target("<=", 8))
    assert (row.ratio, row.holds) == (None, False)


def test_the_table_says_for_each_row_whether_it_holds() -> None:
    rows = [Row("first", 9, 1, "s", Target("<=", 8)), Row("second", 1.25, 1, "s", Target("<=", 2)), Row("memory", 28.5)]
    header, first, second, memory = as_table(rows).splitlines()
    assert header.split() == ["name", "value", "reference", "ratio", "target", "holds"]
    assert first.split() == ["first", "9", "s", "1", "s", "9.00", "<=", "8", "no"]
    assert second.split() == ["second", "1.25", "s", "1", "s", "1.25", "<=", "2", "yes"]
    assert memory.split() == ["memory", "28.5"]


def test_json_holds_the_same_columns() -> None:
    [row] = json.loads(as_json([Row("first", 4, 2, "s", Target("<=", 8))]))
    assert row == {
        "name": "first", "value": 4, "reference": 2, "ratio": 2.0, "target": "<= 8", "holds": True, "unit": "s",
    }  # fmt: skip
