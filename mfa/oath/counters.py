"""What a counter-based factor (RFC 4226) remembers, and the verdict over the next code; no rows, only numbers.

The counter never goes back: a code counts once, and so does every code before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django.utils.translation import ngettext

from mfa.oath.codes import Stepped
from mfa.outcomes import OATH_DUPLICATE, OATH_INCORRECT, TOKEN_AHEAD, Refused, Replayed, WrongCode

LOOK_AHEAD = 10
"""Codes past the expected one that are accepted (RFC 4226 7.2): so often may the button be pressed in vain."""

EXPLAINED = 100
"""Codes past the expected one within which a code is named as such, and codes before it that are named as used."""

ADJUSTABLE = 1000
"""Codes past the expected one within which two in a row bring the counter to where the token is (RFC 4226 7.4)."""


class Ahead(Refused):
    """The code is one to come: the token's button was pressed `presses` times in vain."""

    def __init__(self, presses: int) -> None:
        super().__init__(TOKEN_AHEAD)
        self.presses = presses

    @property
    def words(self) -> str:
        return ngettext(
            "The token is ahead: %(presses)d code was made and not used. Bring it in step with two codes in a row.",
            "The token is ahead: %(presses)d codes were made and not used. Bring it in step with two codes in a row.",
            self.presses,
        ) % {"presses": self.presses}


@dataclass
class Counters:
    """`next` is the first counter that counts, `told` are those a refusal spoke of: never accepted on their own."""

    next: int = 0
    told: tuple[int, ...] = ()

    @classmethod
    def of(cls, state: dict[str, Any]) -> Self:
        """What was stored. Raises ValueError or TypeError where it is damaged."""
        return cls(int(state.get("counter", 0)), tuple(int(counter) for counter in state.get("told", ())))

    def state(self) -> dict[str, Any]:
        return {"counter": self.next, "told": list(self.told)}

    def accept(self, token: Stepped, code: str) -> None:
        """Use the code up. Raises Replayed, Ahead or WrongCode, and may remember something then too."""
        last = self.next + LOOK_AHEAD
        matches = token.match(code, range(self.next, last + 1))
        fresh = [counter for counter in matches if counter not in self.told]
        if fresh:
            return self._use(max(fresh))  # where two counters happen to share a code, both are used up
        if matches:
            raise Ahead(min(matches) - self.next)
        self._refuse_used(token, code)
        ahead = token.match(code, range(last + 1, self.next + EXPLAINED + 1))
        if not ahead:
            raise WrongCode(OATH_INCORRECT)
        self.told = (*self.told, ahead[0])
        raise Ahead(ahead[0] - self.next)

    def adjust(self, token: Stepped, first: str, second: str) -> None:
        """Bring the counter to where the token is, from two codes that follow each other; both are used up. Raises
        WrongCode or Replayed."""
        matches = token.match_pair(first, second, range(self.next, self.next + ADJUSTABLE))
        if not matches:
            self._refuse_used(token, second)
            raise WrongCode(OATH_INCORRECT)
        self._use(matches[0] + 1)

    def _use(self, counter: int) -> None:
        self.next = counter + 1
        self.told = tuple(told for told in self.told if told > counter)

    def _refuse_used(self, token: Stepped, code: str) -> None:
        if token.match(code, range(max(0, self.next - EXPLAINED), self.next)):
            raise Replayed(OATH_DUPLICATE)
