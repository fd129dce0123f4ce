from __future__ import annotations

import gc

import pytest

from accounts.directory import collector


def test_collector_is_as_before_however_a_run_ends() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with collector.seldom():
        assert gc.get_threshold() == collector.SELDOM
    with pytest.raises(ZeroDivisionError), collector.seldom():
        raise ZeroDivisionError
    assert (gc.get_threshold(), gc.get_freeze_count()) == before
