"""Codes by counter, with no row and no clock."""

from __future__ import annotations

import pytest

from mfa.oath.codes import Token
from mfa.oath.counters import ADJUSTABLE, EXPLAINED, LOOK_AHEAD, Ahead, Counters
from mfa.outcomes import Replayed, WrongCode

TOKEN = Token(b"12345678901234567890")


def accepted(counters: Counters, counter: int) -> bool:
    try:
        counters.accept(TOKEN, TOKEN.code(counter))
    except (Ahead, Replayed, WrongCode):
        return False
    return True


def test_the_ten_codes_of_rfc_4226_pass_in_order_and_once() -> None:
    counters = Counters()
    for counter, code in enumerate(("755224", "287082", "359152", "969429", "338314", "254676", "287922")):
        counters.accept(TOKEN, code)
        assert counters.next == counter + 1
        with pytest.raises(Replayed):
            counters.accept(TOKEN, code)


@pytest.mark.parametrize(("ahead", "passes"), [(0, True), (LOOK_AHEAD, True), (LOOK_AHEAD + 1, False)])
def test_so_many_presses_in_vain_are_forgiven(ahead: int, passes: bool) -> None:
    assert accepted(Counters(5), 5 + ahead) is passes


@pytest.mark.row("T-05")
def test_the_counter_never_goes_back() -> None:
    counters = Counters()
    assert accepted(counters, 7)
    for counter in range(8):
        with pytest.raises(Replayed):
            counters.accept(TOKEN, TOKEN.code(counter))
    assert counters.next == 8


def test_a_code_of_two_counters_uses_both_up() -> None:
    class Same(Token):
        def _number(self, step: int) -> int:
            return 7 if step in (2, 5) else step + 100

    counters = Counters()
    counters.accept(Same(b"12345678901234567890"), "000007")
    assert counters.next == 6


@pytest.mark.row("T-06")
def test_a_code_that_a_refusal_spoke_of_is_never_accepted_on_its_own() -> None:
    counters = Counters()
    with pytest.raises(Ahead) as caught:
        counters.accept(TOKEN, TOKEN.code(50))
    assert caught.value.presses == 50
    assert "50 codes were made and not used" in caught.value.words
    assert accepted(counters, 10)
    assert accepted(counters, 20)
    for counter in (30, 40):
        assert accepted(counters, counter)
    with pytest.raises(Ahead):
        counters.accept(TOKEN, TOKEN.code(50))
    assert accepted(counters, 51)
    assert counters.told == ()


def test_a_code_far_ahead_is_just_wrong() -> None:
    with pytest.raises(WrongCode):
        Counters().accept(TOKEN, TOKEN.code(EXPLAINED + 1))


@pytest.mark.row("T-05c")
@pytest.mark.parametrize("ahead", [0, 50, ADJUSTABLE - 1])
def test_two_codes_in_a_row_bring_the_counter_in_step(ahead: int) -> None:
    counters = Counters(3)
    counters.adjust(TOKEN, TOKEN.code(3 + ahead), TOKEN.code(4 + ahead))
    assert counters.next == 5 + ahead
    assert not accepted(counters, 4 + ahead)
    assert accepted(counters, 5 + ahead)


@pytest.mark.row("T-05c")
@pytest.mark.parametrize(("first", "second"), [(20, 22), (21, 20), (20, 20), (ADJUSTABLE + 5, ADJUSTABLE + 6)])
def test_codes_that_do_not_follow_each_other_or_are_too_far_bring_nothing(first: int, second: int) -> None:
    counters = Counters(0)
    with pytest.raises(WrongCode):
        counters.adjust(TOKEN, TOKEN.code(first), TOKEN.code(second))
    assert counters.next == 0


@pytest.mark.row("T-05c")
def test_used_codes_bring_nothing() -> None:
    counters = Counters(30)
    with pytest.raises(Replayed):
        counters.adjust(TOKEN, TOKEN.code(20), TOKEN.code(21))
    with pytest.raises((Replayed, WrongCode)):
        counters.adjust(TOKEN, TOKEN.code(29), TOKEN.code(30))
    assert counters.next == 30


def test_what_is_remembered_survives_being_stored() -> None:
    counters = Counters(12, (40,))
    assert Counters.of(counters.state()) == counters
