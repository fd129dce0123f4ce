"""What the soak of a gateway calls a mistake."""

from __future__ import annotations

import pytest

from bench.gateway_journal import ACCEPT, QUESTION, REJECT, SILENCE, Lives, Sent, fulfilled, unlogged, wrong

OLD, NEW = "01", "02"


def sent(heard: int, must: int = ACCEPT, *, at: float = 0.0, key: str = OLD, **more: int) -> Sent:
    return Sent("radius-1", "alice", must, key, 7, at, at + 1, heard, **more)


@pytest.fixture
def lives() -> Lives:
    """Alice's app was reset between 100 and 110 and set up anew between 200 and 210; she left between 300 and 310."""
    found = Lives(OLD)
    for act, began in (("reset", 100), ("set-up", 200), ("left", 300)):
        found.tell({"act": act, "person": "alice", "from": began, "until": began + 10, "secret": NEW})
    return found


@pytest.mark.parametrize(
    ("key", "at", "must"),
    [
        (OLD, 50, ACCEPT), (OLD, 99.5, None), (OLD, 105, None), (OLD, 111, REJECT), (OLD, 250, REJECT),
        (NEW, 150, REJECT), (NEW, 205, None), (NEW, 211, ACCEPT), (NEW, 305, None), (NEW, 311, REJECT),
    ],
)  # fmt: skip
def test_a_code_counts_from_the_set_up_to_the_reset_and_within_either_act_it_may_go_either_way(
    lives: Lives, key: str, at: float, must: int | None
) -> None:
    assert lives.must(sent(ACCEPT, at=at, key=key)) == must
    assert lives.must(sent(REJECT, REJECT, at=at, key=key)) == REJECT
    assert bool(list(wrong([sent(ACCEPT, at=at, key=key)], lives))) is (must == REJECT)


@pytest.mark.parametrize(
    ("journal", "words"),
    [
        ([sent(ACCEPT, REJECT)], "should have been refused"),
        ([sent(ACCEPT, QUESTION)], "should have been refused"),
        ([sent(ACCEPT), sent(ACCEPT, at=5)], "accepted 2 times"),
        ([sent(SILENCE)], "not answered"),
        ([sent(ACCEPT, also=REJECT)], "there"),
    ],
)
def test_each_mistake_is_found(journal: list[Sent], words: str) -> None:
    found = list(wrong(journal, Lives(OLD)))
    assert len(found) == 1
    assert words in found[0]


def test_right_answers_are_no_mistakes() -> None:
    journal = [sent(ACCEPT, also=ACCEPT), sent(REJECT, REJECT), sent(QUESTION, QUESTION, key="")]
    assert list(wrong(journal, Lives(OLD))) == []
    assert fulfilled([*journal, sent(REJECT)], Lives(OLD)) == (3, 4)


def test_every_request_has_one_row_with_its_verdict_and_every_row_a_request() -> None:
    assert list(unlogged([sent(ACCEPT)], {"radius-1": [True]})) == []
    for rows in ({}, {"radius-1": [True, True]}, {"radius-1": [False]}, {"radius-1": [True], "": [False]}):
        assert len(list(unlogged([sent(ACCEPT)], rows))) == 1
    assert len(list(unlogged([sent(ACCEPT), sent(ACCEPT)], {"radius-1": [True]}))) == 1
