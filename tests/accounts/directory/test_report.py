from __future__ import annotations

from accounts.directory import report
from accounts.directory.entries import WORDS, Flaw
from accounts.phones import Reason


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(Flaw)
    assert all(report.words(reason) != reason for reason in [*Flaw, *Reason])
    assert report.words("unheard of") == "unheard of"
