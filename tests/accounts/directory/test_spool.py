from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accounts.directory import spool
from accounts.directory.keys import Keys
from accounts.directory.spool import Listed, Spool


def test_rows_come_back_in_order_any_number_of_times_from_memory_and_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "IN_MEMORY", 1000)
    rows = Spool()
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    for number in range(spool.AT_ONCE * 2 + 3):
        rows.append((number, "é\udcff\n", None, True, moment))
    for _ in range(2):
        assert [list(row) for row in rows] == [[number, "é\udcff\n", None, True, moment] for number in range(len(rows))]
    first, second = iter(rows), iter(rows)
    assert next(first)[0] == next(second)[0] == 0
    assert next(first)[0] == 1


def test_what_no_spool_can_keep_is_an_error() -> None:
    rows = Spool()
    for _ in range(spool.AT_ONCE - 1):
        rows.append([object()])
    with pytest.raises(TypeError):
        rows.append([object()])


def test_list_of_known_length_is_made_again_by_each_pass() -> None:
    passes: list[int] = []

    def source() -> object:
        passes.append(1)
        return iter([1, 2])

    listed: Listed[int] = Listed(source, 2)  # type: ignore[arg-type]
    assert (len(listed), list(listed), list(listed), 2 in listed) == (2, [1, 2], [1, 2], True)
    assert len(passes) == 3


def test_keys_say_which_texts_came_again_and_how_often() -> None:
    keys = Keys()
    keys.extend(["a", "b", "a"])
    keys.extend(["c", "a"])
    assert keys.repeated() == {hash("a"): 3}
    assert "b" in keys
    assert "d" not in keys
