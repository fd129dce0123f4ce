"""Turns to ask the directory: so many at once, and nobody waits behind those who wait for long."""

from __future__ import annotations

import threading

import pytest

from accounts.directory.turns import Turns
from accounts.passwords import DirectoryUnreachable

FOR_EVER = 600.0


def test_a_turn_is_free_again_once_it_is_over_however_it_ended() -> None:
    turns = Turns(1, patience=0)
    with turns.one(), pytest.raises(DirectoryUnreachable), turns.one():
        pass
    with pytest.raises(ZeroDivisionError), turns.one():
        raise ZeroDivisionError
    with turns.one():
        pass


def test_whoever_finds_none_free_waits_for_one_that_is_over_soon() -> None:
    turns, had = Turns(1, patience=FOR_EVER), threading.Event()

    def next_one() -> None:
        with turns.one():
            had.set()

    waiting = threading.Thread(target=next_one)
    with turns.one():
        waiting.start()
        assert not had.is_set()
    waiting.join(FOR_EVER)
    assert had.is_set()


def test_nobody_waits_behind_one_who_waits_for_long_already() -> None:
    moments = iter([0.0, 0.0, FOR_EVER])
    turns = Turns(1, patience=FOR_EVER, clock=lambda: next(moments))
    with turns.one(), pytest.raises(DirectoryUnreachable), turns.one():
        pass
