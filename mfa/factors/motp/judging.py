"""Whether an mOTP code is right, and why not; no rows, only the factor's memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from mfa.factors.motp.algorithm import DIGITS, Motp
from mfa.factors.motp.refusals import JustExpired, SecretOrPinDiffers, UpperCase
from mfa.oath.steps import ClockMoved, Memory
from mfa.outcomes import ClockWrong, WrongCode

TYPING = 60
"""Seconds by which a code may be late and be taken for one that expired while it was typed."""


def accept(motp: Motp, memory: Memory, text: str, *, now: datetime) -> None:
    """Use one code up, or two that follow each other, which adjust the clock. Raises UpperCase, JustExpired,
    ClockWrong, Replayed or SecretOrPinDiffers, and the memory may note something then too."""
    typed = text.lower()
    if motp.fits(text):
        _in_words(memory, text, lambda kept: kept.accept(motp, typed, now=now))
    else:
        _in_words(memory, text, lambda kept: kept.adjust(motp, typed[:DIGITS], typed[DIGITS:], now=now))


def _in_words(memory: Memory, text: str, use: Callable[[Memory], None]) -> None:
    trial = replace(memory)
    try:
        use(trial)
    except WrongCode:
        raise SecretOrPinDiffers from None
    except ClockWrong as refused:
        memory.told = trial.told
        if -TYPING <= refused.drift_seconds < 0 and memory.drift == 0 and not isinstance(refused, ClockMoved):
            raise JustExpired(refused.drift_seconds) from None
        raise
    if text != text.lower():
        raise UpperCase
    memory.last, memory.drift, memory.told = trial.last, trial.drift, trial.told
