"""What a factor remembers of the codes it has seen, and the verdict over the next one; no rows, only numbers.

A step is used once, and no older one passes after it, whatever the server's clock does in between (RFC 6238 5.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from django.utils import timezone
from django.utils.translation import gettext as _

from mfa.oath.codes import Stepped
from mfa.outcomes import OATH_DUPLICATE, OATH_INCORRECT, OATH_OUT_OF_DATE, ClockWrong, Replayed, WrongCode

WINDOW = 1
"""Steps before and after the expected one that are accepted, where the factor says nothing else."""

EXPLAINED = 20 * 60
"""Seconds around now within which a code of another moment is named as such."""

ADJUSTABLE = 60 * 60
"""Seconds around now within which two codes in a row adjust the clock."""


class Overtaken(Replayed):
    """The code is older than one that was used; newer ones count again at `at`."""

    def __init__(self, at: datetime) -> None:
        super().__init__(OATH_DUPLICATE)
        self.at = at

    @property
    def words(self) -> str:
        at = timezone.localtime(self.at).strftime("%H:%M:%S")
        return _("A newer code than this one was used already. Codes count again from %(at)s.") % {"at": at}


class ClockMoved(ClockWrong):
    """The code is right for this moment, but the clock was adjusted here when the phone's was wrong."""

    @property
    def words(self) -> str:
        return _(
            "Your phone's clock has changed since it was adjusted here. "
            "Type two codes that follow each other, the second right after the first."
        )


@dataclass
class Memory:
    """`last` is the newest step used, `drift` how many steps the phone is ahead, `told` the steps a refusal spoke of,
    `window` how many steps before and after the expected one are accepted.

    A refusal that says "5 minutes early" names a code that will be right in 5 minutes. Fishing for such answers would
    be many times easier than guessing a code, so a step that was spoken of is never accepted on its own.
    """

    last: int = -1
    drift: int = 0
    told: tuple[int, ...] = ()
    window: int = WINDOW

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """What was stored. Raises ValueError or TypeError where it is damaged."""
        told = tuple(int(step) for step in state.get("told", ()))
        numbers = (state.get("last_step", -1), state.get("drift", 0), state.get("window", WINDOW))
        last, drift, window = (int(number) for number in numbers)
        return cls(last, drift, told, window)

    def state(self) -> dict[str, Any]:
        return {"last_step": self.last, "drift": self.drift, "told": list(self.told)}

    def accept(self, token: Stepped, code: str, *, now: datetime) -> None:
        """Use the code up. Raises Replayed, ClockWrong or WrongCode, and may remember something then too."""
        expected = token.step_at(now) + self.drift
        matches = token.match(code, range(expected - self.window, expected + self.window + 1))
        fresh = [step for step in matches if step > self.last and step not in self.told]
        if fresh:
            self._use(max(fresh))  # where two steps happen to share a code, both are used up
        elif not matches:
            self._explain(token, code, token.step_at(now), now)
        elif self.last > expected + self.window:
            raise self._overtaken(token, self.drift)  # the server's clock went back
        else:
            raise Replayed(OATH_DUPLICATE)

    def adjust(self, token: Stepped, first: str, second: str, *, now: datetime) -> None:
        """Take the phone's clock from two codes that follow each other. Both must be newer than any used one; both
        are used up. Raises WrongCode or Replayed."""
        present = token.step_at(now)
        matches = token.match_pair(first, second, _nearest_first(present, ADJUSTABLE // token.period))
        if not matches:
            raise WrongCode(OATH_INCORRECT)
        step = next((step for step in matches if step > self.last), None)
        if step is None and self.last > matches[0] + 1:
            raise self._overtaken(token, matches[0] + 1 - present)
        if step is None:
            raise Replayed(OATH_DUPLICATE)
        self.drift = step + 1 - present  # the second code is the one on the phone's screen now
        self._use(step + 1)

    def _use(self, step: int) -> None:
        self.last = step
        self.told = tuple(told for told in self.told if told > step)

    def _explain(self, token: Stepped, code: str, present: int, now: datetime) -> None:
        """Say why a code outside the window is none, as far as arithmetic can tell."""
        if self.last >= 0 and token.match(code, [self.last]):
            raise Replayed(OATH_DUPLICATE)
        step = next(iter(token.match(code, _nearest_first(present, EXPLAINED // token.period))), None)
        if step is None:
            raise WrongCode(OATH_INCORRECT)
        if step > self.last:
            self.told = (*self.told, step)
        if abs(step - present) > self.window:
            raise ClockWrong(OATH_OUT_OF_DATE, drift_seconds(token, step, now))
        if step <= self.last:
            raise self._overtaken(token, step - present)
        raise ClockMoved(OATH_OUT_OF_DATE, drift_seconds(token, step, now))

    def _overtaken(self, token: Stepped, drift: int) -> Overtaken:
        """`drift` is by how many steps the phone is ahead today."""
        return Overtaken(datetime.fromtimestamp(token.begins(self.last + 1 - drift), UTC))


def drift_seconds(token: Stepped, step: int, now: datetime) -> int:
    """How far a clock that shows `step` is ahead (+) or behind (-), counted to the middle of the step.

    The phone may be anywhere in the step, so the true figure lies within half a period of this one.
    """
    return round(token.begins(step) + token.period / 2 - now.timestamp())


def _nearest_first(present: int, reach: int) -> list[int]:
    return sorted(range(present - reach, present + reach + 1), key=lambda step: abs(step - present))
